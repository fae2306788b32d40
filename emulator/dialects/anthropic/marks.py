"""Where the parts of an answer are in the events and bodies of /anthropic. Frame faults look for them.

Only the input of a tool call in a whole message is not a string, so that its fields need the lookarounds.
"""

from emulator.core.plan import FrameMarks, MissingPart

MARKS = FrameMarks(
    places={
        # the start of a block; in a whole message text that is not empty, or a tool call
        "first_token": rb'\Aevent: content_block_start\n|"text":"[^"]|"type":"tool_use"',
        "tool_arguments": rb'"type":"input_json_delta"|"input":\{"',
        # null before the end
        "finish": rb'"stop_reason":"',
        # message_delta, or a whole body
        "usage": rb'\Aevent: message_delta\n|\A\{.*"usage":\{',
        "done": rb"\Aevent: message_stop\n",
    },
    text=rb"text|thinking|partial_json",
    parts={
        # the first event
        "role": MissingPart(frame=rb"\Aevent: message_start\n", field=rb'(?<="type":"message",)"role":"assistant",'),
        # the event with the stop reason, which also has the usage
        "finish": MissingPart(frame=rb"\Aevent: message_delta\n", field=rb',"stop_reason":"\w+"(?=,"stop_sequence":)'),
        # always the last of its object
        "usage": MissingPart(field=rb',"usage":\{(?:[^{}]|\{[^{}]*\})*\}(?=\}+\s*\Z)'),
        "done": MissingPart(frame=rb"\Aevent: message_stop\n"),
        # the line by which Anthropic's SDKs recognise events: frames without it are silently ignored
        "event_names": MissingPart(field=rb"\Aevent: \w+\n"),
        "message_stop": MissingPart(frame=rb"\Aevent: message_stop\n"),
    },
)
