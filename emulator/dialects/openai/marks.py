"""Where the parts of an answer are in the frames and bodies of /v1. Frame faults look for them."""

from emulator.core.plan import FrameMarks, MissingPart

MARKS = FrameMarks(
    places={
        # text that is not empty (the first chunk of a chat has a role and ""), or a tool call
        "first_token": (rb'"(?:content|reasoning_content|reasoning|text)":"[^"]|"tool_calls":\[|"function_call":\{'),
        "tool_arguments": rb'"arguments":"[^"]',
        # null before the end
        "finish": rb'"finish_reason":"',
        # the chunk without choices, or a whole body
        "usage": rb'"choices":\[\],"usage":\{|\A\{.*"usage":\{',
        "done": rb"\Adata: \[DONE\]",
    },
    text=rb"content|reasoning_content|reasoning|text|arguments",
    parts={
        # the first chunk of each choice
        "role": MissingPart(frame=rb'"delta":\{"role":', field=rb'(?<="message":\{)"role":"assistant",'),
        # the last chunk of each choice
        "finish": MissingPart(frame=rb'"finish_reason":"', field=rb',"finish_reason":"\w+"(?=\}(?:\]|,\{"index":))'),
        # the chunk without choices; the field elsewhere, which is always the last of its object
        "usage": MissingPart(
            frame=rb'"choices":\[\],"usage":', field=rb',"usage":(?:null|\{(?:[^{}]|\{[^{}]*\})*\})(?=\}+\s*\Z)'
        ),
        "done": MissingPart(frame=rb"\Adata: \[DONE\]"),
    },
)
