"""Pages on what is wrong with a flow as a declaration: keys, templates, references, order."""

from flowrun.source.catalog_page import Page, page

FLOW_PAGES: tuple[Page, ...] = (
    page(
        "bind/unknown-key",
        "a key that is not part of the language",
        """Nothing unknown is ignored: a misspelt key would otherwise do nothing, silently. Keys
        that begin with `x-` are yours and are left alone.""",
        example="""
assistants:
  guide: {model: gpt-5-mini, temprature: 0.2}
""",
        fix="""
assistants:
  guide: {model: gpt-5-mini, temperature: 0.2}
""",
    ),
    page(
        "bind/missing-key",
        "a required key is missing",
        """The definition cannot work without this key, and there is no default for it.""",
        example="""
assistants:
  guide: {instructions: Be brief.}
""",
        fix="""
assistants:
  guide: {model: gpt-5-mini, instructions: Be brief.}
""",
    ),
    page(
        "bind/wrong-type",
        "a value is of another type than expected",
        """A text stands where a number, list or mapping belongs, or the other way round. YAML 1.2
        rules: `yes`, `on` and `12:30` are texts, only `true` and `false` are truth values, and
        what stands in quotes is always a text.""",
        example="""
assistants:
  guide: {model: gpt-5-mini, temperature: low}
""",
        fix="""
assistants:
  guide: {model: gpt-5-mini, temperature: 0.2}
""",
    ),
    page(
        "bind/wrong-value",
        "a value is not among those allowed",
        """The type is right, but the value is too large, too long, not in the list of choices, or
        not in the form that is wanted.""",
        example="""
assistants:
  guide: {model: gpt-5-mini, temperature: 3}
""",
        fix="""
assistants:
  guide: {model: gpt-5-mini, temperature: 2}
""",
    ),
    page(
        "bind/bad-name",
        "a name has characters that names do not have",
        """Names begin with a small letter and go on with small letters, digits and `_`; names of
        flows, assistants and threads may have `-`, too. Steps, inputs and tools may not, because
        `steps.my-step` would be a subtraction in a template.""",
        example="""
steps:
  first-draft: {tool: disk}
""",
        fix="""
steps:
  first_draft: {tool: disk}
""",
    ),
    page(
        "bind/not-available-yet",
        "a key of a later release",
        """The key belongs to the language, but this release does not carry it out. It is refused
        rather than ignored, since an assistant that was not given its files answers something
        else than its text says.""",
        example="""
assistants:
  guide: {model: gpt-5-mini, knowledge: [docs/*.md]}
""",
        fix="""
assistants:
  guide: {model: gpt-5-mini}
""",
    ),
    page(
        "bind/unknown-version",
        "a file is written for another version of the language",
        """`version: 1` says which rules the file follows, so that later releases can read it as
        it was meant. This flowrun knows version 1.""",
        example="""
version: 2
""",
        fix="""
version: 1
""",
    ),
    page(
        "bind/one-kind",
        "a definition is of two kinds, or of none",
        """A step is exactly one of `assistant`, `tool`, `flow`, `ask` and `set`; a tool is exactly
        one of `python`, `shell` and `script`; a reply answers or fails.""",
        example="""
steps:
  report: {assistant: guide, tool: disk}
""",
        fix="""
steps:
  disk: {tool: disk}
  report: {assistant: guide, message: "{{ steps.disk.output }}"}
""",
    ),
    page(
        "template/syntax",
        "a template cannot be read",
        """What stands between `{{` and `}}` is not an expression, or a block is not closed. The
        column is that of the character in the file, inside block texts as well.""",
        example="""
message: "Weather: {{ steps.forecast.output"
""",
        fix="""
message: "Weather: {{ steps.forecast.output }}"
""",
    ),
    page(
        "template/unknown-name",
        "a template uses a name that is not there",
        """Templates know `inputs`, `steps`, `run`, `env` (what the flow lists under `env`), in
        steps with `foreach` also `item` and `index`, and in tools `args`. A step's result is
        `steps.NAME.output`, an input is `inputs.NAME`.""",
        example="""
message: How is the weather in {{ city }}?
""",
        fix="""
message: How is the weather in {{ inputs.city }}?
""",
    ),
    page(
        "template/unknown-filter",
        "a template uses a filter or test that does not exist",
        """The list of filters and tests is closed, so that every flow means the same everywhere;
        it is in the language reference.""",
        example="""
message: "{{ inputs.city | uper }}"
""",
        fix="""
message: "{{ inputs.city | upper }}"
""",
    ),
    page(
        "template/forbidden",
        "a template does what templates may not",
        """Templates compute values from values. Names that begin with `_`, calls of methods that
        change things, and statements that load other templates are refused, because texts from
        models and tools end up beside them.""",
        example="""
message: "{{ inputs.city.__class__ }}"
""",
        fix="""
message: "{{ inputs.city }}"
""",
    ),
    page(
        "ref/unknown-step",
        "a step that does not exist",
        """A template or `needs` names a step that the flow does not have. A misspelt name would
        otherwise be found when the run is half done.""",
        example="""
steps:
  forecast: {tool: weather}
  report: {assistant: guide, message: "{{ steps.forcast.output }}"}
""",
        fix="""
steps:
  forecast: {tool: weather}
  report: {assistant: guide, message: "{{ steps.forecast.output }}"}
""",
    ),
    page(
        "ref/unknown-assistant",
        "an assistant that is not declared",
        """A step names an assistant that neither the flow nor an included file declares.""",
        example="""
assistants:
  guide: {model: gpt-5-mini}
steps:
  report: {assistant: giude, message: Hello}
""",
        fix="""
assistants:
  guide: {model: gpt-5-mini}
steps:
  report: {assistant: guide, message: Hello}
""",
    ),
    page(
        "ref/unknown-tool",
        "a tool that is not declared",
        """An assistant or a step names a tool that neither the flow nor an included file
        declares. A run without one of its tools could complete and be wrong.""",
        example="""
tools:
  disk: {shell: [df, -h]}
assistants:
  guide: {model: gpt-5-mini, tools: [disc]}
""",
        fix="""
tools:
  disk: {shell: [df, -h]}
assistants:
  guide: {model: gpt-5-mini, tools: [disk]}
""",
    ),
    page(
        "ref/unknown-thread",
        "a thread that is not declared",
        """A step runs on a thread that is not under `threads`. Without `thread`, a step has a
        thread of its own; a misspelt name would silently be another conversation.""",
        example="""
threads: {research: {}}
steps:
  forecast: {assistant: guide, thread: reserch, message: Hello}
""",
        fix="""
threads: {research: {}}
steps:
  forecast: {assistant: guide, thread: research, message: Hello}
""",
    ),
    page(
        "ref/unknown-input",
        "an input that is not declared",
        """A template uses `inputs.NAME`, and `NAME` is not under `inputs`.""",
        example="""
inputs:
  city: {type: string}
steps:
  forecast: {assistant: guide, message: "Weather in {{ inputs.town }}?"}
""",
        fix="""
inputs:
  city: {type: string}
steps:
  forecast: {assistant: guide, message: "Weather in {{ inputs.city }}?"}
""",
    ),
    page(
        "ref/unknown-field",
        "a field that a value does not have",
        """The shape of the value is known, from the schema of an output, the return type of a
        tool or the list of a step's results, and it has no such field.""",
        example="""
message: "{{ steps.forecast.result }}"
""",
        fix="""
message: "{{ steps.forecast.output }}"
""",
    ),
    page(
        "ref/unknown-argument",
        "an argument that a tool does not have",
        """A template in a tool uses `args.NAME`, and `NAME` is not among its parameters.""",
        example="""
tools:
  disk:
    shell: [df, -h, --, "{{ args.folder }}"]
    parameters: {path: {type: string}}
""",
        fix="""
tools:
  disk:
    shell: [df, -h, --, "{{ args.path }}"]
    parameters: {path: {type: string}}
""",
    ),
    page(
        "ref/unknown-env",
        "an environment variable that the flow does not list",
        """Templates read `env.NAME` only for names listed under `env:` of the flow, so that a
        reader sees at once what the flow takes from its surroundings.""",
        example="""
steps:
  report: {assistant: guide, message: "Hello {{ env.USER }}"}
""",
        fix="""
env: [USER]
steps:
  report: {assistant: guide, message: "Hello {{ env.USER }}"}
""",
    ),
    page(
        "ref/unknown-endpoint",
        "an endpoint that is not declared",
        """An assistant, a model alias or the project's default names an endpoint that is not
        under `endpoints` of `flowrun.yaml`.""",
        example="""
assistants:
  guide: {model: gpt-5-mini, endpoint: locl}
""",
        fix="""
assistants:
  guide: {model: gpt-5-mini, endpoint: local}
""",
    ),
    page(
        "graph/cycle",
        "steps wait for each other",
        """Each of these steps waits for the next, and the last one for the first, so none could
        ever begin. A step waits for those it refers to, those in `needs`, and the one before it
        on the same thread; the message says which of these it is for every edge. A step that uses
        its own result waits for itself, unless it has `repeat`: then it is that of the iteration
        before.""",
        example="""
steps:
  first: {tool: disk, needs: [second]}
  second: {tool: disk, needs: [first]}
""",
        fix="""
steps:
  first: {tool: disk}
  second: {tool: disk, needs: [first]}
""",
    ),
    page(
        "graph/no-message",
        "an assistant step has nothing to answer",
        """The step adds no message, and it is the first on its thread, so that the assistant
        would be asked nothing.""",
        example="""
steps:
  report: {assistant: guide}
""",
        fix="""
steps:
  report: {assistant: guide, message: Write the report.}
""",
    ),
)
