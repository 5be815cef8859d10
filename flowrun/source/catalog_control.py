"""Pages on control flow: sub-flows, loops, what is tried again, and limits."""

from flowrun.source.catalog_page import Page, page

CONTROL_PAGES: tuple[Page, ...] = (
    page(
        "flow/recursion",
        "a flow runs itself",
        """A `flow` step names the file that it stands in, or one that leads back to it. The run
        would never end. To do something again, use `repeat` or `foreach`, which are bounded.""",
        example="""
# greet.flow.yaml
steps:
  again: {flow: greet.flow.yaml}
""",
        fix="""
# greet.flow.yaml
steps:
  again: {tool: greet, repeat: {until: steps.again.output.done, max: 5}}
""",
    ),
    page(
        "flow/too-deep",
        "flows are nested too deeply",
        """A flow may run a flow, which may run another, to a depth of 8, the outermost counted.
        Whoever reads a run beyond that is lost.""",
        example="""
# level_8.flow.yaml, run by level_7.flow.yaml, and so on up to level_1.flow.yaml
steps:
  deeper: {flow: level_9.flow.yaml}
""",
        fix="""
# level_8.flow.yaml does the work itself
steps:
  work: {tool: sort_mail}
""",
    ),
    page(
        "flow/broken",
        "a sub-flow has errors of its own",
        """A `flow` step runs a file that `flowrun check` refuses. Its complaints stand beside this
        one when it is checked by itself; nothing runs before they are mended.""",
        example="""
# mail.flow.yaml has a step with two kinds
steps:
  mail: {flow: mail.flow.yaml}
""",
        fix="""
# flowrun check mail.flow.yaml finds nothing
steps:
  mail: {flow: mail.flow.yaml}
""",
    ),
    page(
        "flow/bad-inputs",
        "a sub-flow is given other inputs than it takes",
        """`with` of a `flow` step gives the inputs of the flow that it runs: every one without a
        `default`, and each of the type and the choices that it declares. What a template comes to
        is checked as far as its shape is known, and again when the step runs.""",
        example="""
# mail.flow.yaml declares inputs: {name: {type: string}, copies: {type: integer, default: 1}}
steps:
  mail: {flow: mail.flow.yaml, with: {copies: two}}
""",
        fix="""
steps:
  mail: {flow: mail.flow.yaml, with: {name: Ada, copies: 2}}
""",
    ),
    page(
        "flow/too-large",
        "a flow and those that it runs have too many steps",
        """Every `flow` step adds all the steps of the flow that it runs, and those of the flows
        below. Together there may be 100,000, and what they say may come to 32 MiB, for the plan of
        a run holds them all. A step with `foreach` counts its flow once, however long the list
        is.""",
        example="""
# every one of a hundred flows runs a hundred others, on three levels
steps:
  first: {flow: level_2.flow.yaml}
  second: {flow: level_2.flow.yaml}
""",
        fix="""
steps:
  all: {flow: level_2.flow.yaml, foreach: inputs.names, with: {name: "{{ item }}"}}
""",
    ),
    page(
        "ref/not-in-scope",
        "a name that means nothing at this place",
        """`item` and `index` are there in a step with `foreach`, where each item has its own; not
        in its `if` and in the list itself, which are looked at once, before there are items.""",
        example="""
steps:
  summary: {assistant: guide, message: "Sum up {{ item }}"}
""",
        fix="""
steps:
  summary: {assistant: guide, message: "Sum up {{ item }}", foreach: inputs.files}
""",
    ),
    page(
        "ref/not-a-list",
        "`foreach` is given something that is no list",
        """The shape of the value is known, from an input's type, the schema of an output or the
        return type of a tool, and it is no list. A text is no list of its lines, and a mapping no
        list of its keys; say which is meant.""",
        example="""
inputs:
  names: {type: string}
steps:
  greet: {tool: greet, foreach: inputs.names, with: {name: "{{ item }}"}}
""",
        fix="""
inputs:
  names: {type: string}
steps:
  greet: {tool: greet, foreach: inputs.names | lines, with: {name: "{{ item }}"}}
""",
    ),
    page(
        "tool/retry-effect",
        "what must not happen twice would be tried again",
        """A tool, a step that runs it, or a step whose sub-flow has such a step, has `retry`, and
        the tool is `at_most_once` or asks a `probe`. A call that failed may have had its effect all
        the same, so it is not made again.
        If another call does no harm, say so on the tool: `effect: repeatable`, or `keyed` when
        the other side knows calls by their key.""",
        example="""
tools:
  mail: {shell: [send-mail]}
steps:
  mail: {tool: mail, retry: {attempts: 3}}
""",
        fix="""
tools:
  mail: {shell: [send-mail], effect: keyed}
steps:
  mail: {tool: mail, retry: {attempts: 3}}
""",
    ),
    page(
        "tool/probe",
        "a probe does not fit its tool",
        """`probe` names the tool that is asked, after a crash, whether a call had its effect. It
        must be `repeatable` and wait for no approval, it is called with the same arguments as the
        tool that names it, and it returns a mapping, or prints one as JSON, with `done`, true or
        false, and with `output` when it was done.""",
        example="""
tools:
  charge: {python: "payments:charge", effect: probe, probe: charged}
  charged: {python: "payments:was_charged"}
""",
        fix="""
tools:
  charge: {python: "payments:charge", effect: probe, probe: charged}
  charged: {python: "payments:was_charged", effect: repeatable}
""",
    ),
    page(
        "limits/no-price",
        "a cost is limited and a model has no price",
        """`max_cost_usd` is held by the prices of the models, and the project file names none for
        this one. The limit would never be reached, whatever the run costs.""",
        example="""
limits: {max_cost_usd: 2}
assistants:
  guide: {model: gpt-5-mini}
""",
        fix="""
# flowrun.yaml has models: {small: {model: gpt-5-mini, prices: {input: 0.25, output: 2}}}
limits: {max_cost_usd: 2}
assistants:
  guide: {model: small}
""",
    ),
)
