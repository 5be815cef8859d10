"""Pages on what a flow needs around it: tools, schemas, runtimes; and what it declares in vain."""

from flowrun.source.catalog_page import Page, page

TOOL_PAGES: tuple[Page, ...] = (
    page(
        "tool/unknown-module",
        "a Python tool's module is not found",
        """Modules are looked for beside the flow, in the project root and in `tool_paths` of the
        project file, and nowhere else: not among installed packages.""",
        example="""
tools:
  weather: {python: wether_tools:get_weather}
""",
        fix="""
tools:
  weather: {python: weather_tools:get_weather}
""",
    ),
    page(
        "tool/unknown-function",
        "a Python tool's function is not in its module",
        """The module was found and defines no such function at its top level. The file is read,
        not run, so a function that is made while it is imported does not count.""",
        example="""
tools:
  weather: {python: weather_tools:get_wether}
""",
        fix="""
tools:
  weather: {python: weather_tools:get_weather}
""",
    ),
    page(
        "tool/signature",
        "a Python tool's signature cannot be described to a model",
        """Every parameter needs an annotation that JSON can express: texts, numbers, truth
        values, lists, mappings, choices, models. Give the parameter such an annotation, or write
        the schema under `parameters`.""",
        example="""
# def get_weather(place, **options): ...
tools:
  weather: {python: weather_tools:get_weather}
""",
        fix="""
# def get_weather(place: str, days: int = 1) -> str: ...
tools:
  weather: {python: weather_tools:get_weather}
""",
    ),
    page(
        "tool/program-not-found",
        "a shell tool's program is not there",
        """The first item of `shell` is neither a program on the search path nor an executable
        file below the tool's `cwd`.""",
        example="""
tools:
  disk: {shell: [dff, -h]}
""",
        fix="""
tools:
  disk: {shell: [df, -h]}
""",
    ),
    page(
        "tool/parameters",
        "a tool's parameters are not a schema",
        """`parameters` is a JSON Schema of type object, or in short form a mapping of name to
        schema. A model could not call the tool by what stands here.""",
        example="""
tools:
  disk:
    shell: [df, -h, --, "{{ args.path }}"]
    parameters: {path: {type: txt}}
""",
        fix="""
tools:
  disk:
    shell: [df, -h, --, "{{ args.path }}"]
    parameters: {path: {type: string}}
""",
    ),
    page(
        "tool/bad-arguments",
        "a step's arguments do not fit its tool",
        """`with` names an argument that the tool does not take, leaves a required one out, or
        gives a value that its schema does not admit.""",
        example="""
steps:
  disk: {tool: disk_free, with: {folder: /tmp}}
""",
        fix="""
steps:
  disk: {tool: disk_free, with: {path: /tmp}}
""",
    ),
    page(
        "tool/cwd",
        "a tool has no folder to run in",
        """`cwd` is a folder inside the project, given relative to its root, and it is there before
        the flow runs.""",
        example="""
tools:
  disk: {shell: [df, -h], cwd: ../elsewhere}
""",
        fix="""
tools:
  disk: {shell: [df, -h], cwd: work}
""",
    ),
    page(
        "tool/cannot-load",
        "a Python tool cannot be loaded",
        """The check reads tools without running them. When a run begins they are imported, and
        this one failed then: an import that is missing, or an error at the top level of its
        module. No model has been called.""",
        example="""
# weather_tools.py begins with: import not_installed
tools:
  weather: {python: weather_tools:get_weather}
""",
        fix="""
# install what the module imports, then run again
tools:
  weather: {python: weather_tools:get_weather}
""",
    ),
    page(
        "schema/invalid",
        "a JSON Schema is not valid",
        """The schema of an output, an input, a parameter or a form breaks the rules of JSON Schema,
        has a key that JSON Schema does not have and would pass over, or has a default that does
        not fit it. Keys that begin with `x-` are your own.""",
        example="""
output: {type: object, properties: {score: {type: integr}}}
""",
        fix="""
output: {type: object, properties: {score: {type: integer}}}
""",
    ),
    page(
        "runtime/not-supported",
        "the chosen runtime cannot do this",
        """A field or a built-in tool is part of the language, and the runtime that would execute
        the flow has no means to honour it. It is refused rather than dropped.""",
        example="""
assistants:
  guide: {model: gpt-5-mini, tools: [file_search]}
""",
        fix="""
assistants:
  guide: {model: gpt-5-mini}
""",
    ),
    page(
        "lint/unused-assistant",
        "an assistant that no step uses",
        """A warning: the assistant is declared and never takes a run. Often a step names another
        one by mistake.""",
        example="""
assistants:
  guide: {model: gpt-5-mini}
  editor: {model: gpt-5-mini}
steps:
  report: {assistant: guide, message: Hello}
""",
        fix="""
assistants:
  guide: {model: gpt-5-mini}
steps:
  report: {assistant: guide, message: Hello}
""",
    ),
    page(
        "lint/unused-tool",
        "a tool that nobody can call",
        """A warning: the tool is declared, and neither an assistant lists it nor a step runs
        it.""",
        example="""
tools:
  disk: {shell: [df, -h]}
assistants:
  guide: {model: gpt-5-mini}
""",
        fix="""
tools:
  disk: {shell: [df, -h]}
assistants:
  guide: {model: gpt-5-mini, tools: [disk]}
""",
    ),
    page(
        "lint/unused-thread",
        "a thread that no step runs on",
        """A warning: the thread is declared and stays empty. Steps without `thread` have threads
        of their own.""",
        example="""
threads: {research: {}, writing: {}}
steps:
  forecast: {assistant: guide, thread: research, message: Hello}
""",
        fix="""
threads: {research: {}}
steps:
  forecast: {assistant: guide, thread: research, message: Hello}
""",
    ),
    page(
        "lint/unused-input",
        "an input that nothing reads",
        """A warning: the input is declared, and no template refers to it, so giving it changes
        nothing.""",
        example="""
inputs:
  city: {type: string}
steps:
  forecast: {assistant: guide, message: How is the weather?}
""",
        fix="""
inputs:
  city: {type: string}
steps:
  forecast: {assistant: guide, message: "How is the weather in {{ inputs.city }}?"}
""",
    ),
)
