// Asking the emulated API as a client does: the body of a request, its answer as it comes, and the code that asks the same.

import { signal } from "./vendor/preact-signals.js";
import { address, apiRoot, events, refusal } from "./api.js";

export const DIALECTS = {
  chat: { label: "OpenAI chat", path: "v1/chat/completions" },
  messages: { label: "Anthropic messages", path: "anthropic/v1/messages" },
};

/** The JSON of an editor; undefined if it is empty. Throws an error that names the editor. */
export function json(text, what) {
  if (!text.trim()) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${what}: ${error.message}`);
  }
}

/** The body of a request. `settings` are those of the panel, `turns` what was said so far. */
export function body(settings, model, turns) {
  const { dialect, system, parameters, stream } = settings;
  const tools = json(settings.tools, "Tools");
  const format = json(settings.format, "Response format");
  const set = Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== undefined));
  if (dialect === "messages")
    return {
      model,
      max_tokens: 1024,
      ...(system && { system }),
      messages: turns,
      stream,
      ...set,
      ...(tools && { tools: tools.map((tool) => (tool.function ? anthropicTool(tool.function) : tool)) }),
      ...(format && {
        output_config: {
          format: format.json_schema ? { type: "json_schema", schema: format.json_schema.schema } : format,
        },
      }),
    };
  return {
    model,
    messages: [...(system ? [{ role: "system", content: system }] : []), ...turns],
    stream,
    ...set,
    ...(stream && { stream_options: { include_usage: true, continuous_usage_stats: true } }),
    ...(tools && { tools }),
    ...(format && { response_format: format }),
  };
}

const anthropicTool = ({ name, description, parameters }) => ({
  name,
  ...(description && { description }),
  input_schema: parameters ?? { type: "object" },
});

/** One answer while it comes. `version` changes with it. */
export class Answer {
  constructor(dialect, asked) {
    Object.assign(this, {
      dialect,
      asked,
      pieces: [],
      reasoning: "",
      calls: [],
      usage: null,
      finish: null,
      status: 0,
      error: null,
      headers: {},
      first: null,
      ended: null,
    });
    this.version = signal(0);
    this._leaving = new AbortController();
    this.started = performance.now();
  }

  get text() {
    return this.pieces.map((each) => each.token).join("");
  }

  stop() {
    this._leaving.abort();
  }

  async run(key) {
    try {
      await this._run(key);
    } catch (error) {
      this.error ??=
        error.name === "AbortError"
          ? { message: "Stopped here: the client left." }
          : {
              message: error.status ? error.message : `The connection broke: ${error.message}`,
              status: error.status,
              body: error.body,
            };
    }
    this.ended = performance.now();
    this.version.value++;
  }

  async _run(key) {
    const anthropic = this.dialect === "messages";
    const headers = {
      "content-type": "application/json",
      authorization: `Bearer ${key}`,
      ...(anthropic && { "anthropic-version": "2023-06-01" }),
    };
    const url = address("../" + DIALECTS[this.dialect].path);
    const response = await fetch(url, {
      method: "POST",
      headers,
      body: JSON.stringify(this.asked),
      signal: this._leaving.signal,
    });
    this.status = response.status;
    this.headers = Object.fromEntries(response.headers);
    if (!response.ok || !response.headers.get("content-type")?.includes("event-stream")) {
      const text = await response.text();
      const told = parsed(text);
      if (!response.ok) throw refusal(response, told ?? text);
      if (told == null)
        throw Object.assign(new Error("The answer is no JSON."), { status: response.status, body: text });
      this._whole(told);
      return;
    }
    let done = false;
    for await (const { event, data } of events(response)) {
      if (data === "[DONE]" || event === "message_stop") done = true;
      else this._event(event, data);
      this._changed();
    }
    if (!done && !this.error) this.error = { message: "The stream ended before it was complete." };
  }

  _changed() {
    this._frame ??= requestAnimationFrame(() => {
      this._frame = undefined;
      this.version.value++;
    });
  }

  _event(event, data) {
    const told = parsed(data);
    if (told == null) {
      this.error = { message: "A frame of the stream is no JSON.", body: data };
      return;
    }
    if (told.error || event === "error") this.error = { message: told.error?.message ?? data, body: told };
    else if (this.dialect === "messages") this._block(told);
    else this._chunk(told);
  }

  _chunk({ choices = [], usage }) {
    if (usage) this.usage = { prompt: usage.prompt_tokens, completion: usage.completion_tokens };
    for (const { delta = {}, logprobs, finish_reason: finish } of choices) {
      const reasoning = delta.reasoning_content ?? delta.reasoning;
      if (reasoning) this._reason(reasoning);
      if (delta.content) this._say(delta.content, logprobs?.content);
      for (const call of delta.tool_calls ?? [])
        this._call(call.index, call.function?.name, call.function?.arguments, call.id);
      this.finish = finish ?? this.finish;
    }
  }

  _block(told) {
    const { type, index, content_block: block, delta, usage, message } = told;
    const counted = usage ?? message?.usage;
    if (counted)
      this.usage = {
        prompt: counted.input_tokens ?? this.usage?.prompt ?? 0,
        completion: counted.output_tokens ?? this.usage?.completion ?? 0,
      };
    if (type === "content_block_start" && block.type === "tool_use") this._call(index, block.name, "", block.id);
    if (type === "content_block_start" && block.text) this._say(block.text);
    if (delta?.thinking) this._reason(delta.thinking);
    if (delta?.text) this._say(delta.text);
    if (delta?.partial_json) this._call(index, undefined, delta.partial_json);
    this.finish = delta?.stop_reason ?? this.finish;
  }

  _whole(told) {
    if (this.dialect === "messages") {
      for (const [index, block] of told.content.entries()) {
        if (block.type === "thinking") this._reason(block.thinking);
        if (block.type === "text") this._say(block.text);
        if (block.type === "tool_use") this._call(index, block.name, JSON.stringify(block.input), block.id);
      }
      this._block({ usage: told.usage, delta: { stop_reason: told.stop_reason } });
    } else
      this._chunk({
        usage: told.usage,
        choices: told.choices.map((choice) => ({
          ...choice,
          delta: {
            ...choice.message,
            tool_calls: choice.message.tool_calls?.map((call, index) => ({ index, ...call })),
          },
        })),
      });
  }

  _begun() {
    this.first ??= performance.now();
  }

  _say(text, logprobs) {
    this._begun();
    if (logprobs?.length)
      for (const each of logprobs)
        this.pieces.push({ token: each.token, logprob: each.logprob, top: each.top_logprobs });
    else this.pieces.push({ token: text });
  }

  _reason(text) {
    this._begun();
    this.reasoning += text;
  }

  _call(index, name, more, id) {
    this._begun();
    const call =
      this.calls.find((each) => each.index === index) ??
      this.calls[this.calls.push({ index, name: "", arguments: "" }) - 1];
    if (name) Object.assign(call, { name, id });
    call.arguments += more ?? "";
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** What an answer costs by the prices of its model, in USD; null if they are not known. */
export function cost(usage, pricing) {
  if (!usage || !pricing) return null;
  return (
    usage.prompt * Number(pricing.input ?? 0) +
    usage.completion * Number(pricing.output ?? 0) +
    Number(pricing.request ?? 0)
  );
}

// ------------------------------------------------------------------------------------------ the code that asks the same

const quoted = (text) => "'" + text.replaceAll("'", "'\\''") + "'";
const indented = (text, by) => text.replaceAll("\n", "\n" + by);

function python(value, by = "") {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const inner = by + "    ";
  const items = Array.isArray(value)
    ? value.map((each) => python(each, inner))
    : Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}: ${python(each, inner)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  const flat = open + items.join(", ") + close;
  return flat.length < 88 && !flat.includes("\n")
    ? flat
    : `${open}\n${items.map((each) => inner + each + ",\n").join("")}${by}${close}`;
}

const SDK_EXTRA = [
  "top_k",
  "min_p",
  "repetition_penalty",
  "min_tokens",
  "stop_token_ids",
  "ignore_eos",
  "thinking_token_budget",
  "include_reasoning",
  "reasoning",
  "structured_outputs",
];

/** The code of a request in `language`: curl, python or node. */
export function code(language, dialect, asked) {
  const root = apiRoot();
  if (language === "curl") {
    const version = dialect === "messages" ? " \\\n  -H 'anthropic-version: 2023-06-01'" : "";
    return `curl -sS${asked.stream ? " -N" : ""} ${root}/${DIALECTS[dialect].path} \\\n  -H "Authorization: Bearer $AKASHML_API_KEY" \\\n  -H 'Content-Type: application/json'${version} \\\n  --data-raw ${quoted(JSON.stringify(asked, null, 2))}\n`;
  }
  const anthropic = dialect === "messages";
  const base = anthropic ? root + "/anthropic" : root + "/v1";
  if (language === "node") {
    const text = indented(JSON.stringify(asked, null, 2), "");
    return `import ${anthropic ? "Anthropic" : "OpenAI"} from "${anthropic ? "@anthropic-ai/sdk" : "openai"}";

const client = new ${anthropic ? "Anthropic" : "OpenAI"}({ baseURL: "${base}", ${anthropic ? "authToken" : "apiKey"}: process.env.AKASHML_API_KEY });
const answer = await client.${anthropic ? "messages" : "chat.completions"}.create(${text});
${asked.stream ? "for await (const event of answer) console.log(JSON.stringify(event));" : "console.log(JSON.stringify(answer, null, 2));"}
`;
  }
  const extra = anthropic ? [] : Object.keys(asked).filter((name) => SDK_EXTRA.includes(name));
  const named = Object.entries(asked).filter(([name]) => !extra.includes(name));
  const lines = named.map(([name, value]) => `    ${name}=${python(value, "    ")},\n`);
  if (extra.length)
    lines.push(`    extra_body=${python(Object.fromEntries(extra.map((name) => [name, asked[name]])), "    ")},\n`);
  return `import os

from ${anthropic ? "anthropic import Anthropic" : "openai import OpenAI"}

client = ${anthropic ? "Anthropic" : "OpenAI"}(base_url="${base}", ${anthropic ? "auth_token" : "api_key"}=os.environ["AKASHML_API_KEY"])
answer = client.${anthropic ? "messages" : "chat.completions"}.create(
${lines.join("")})
${asked.stream ? "for event in answer:\n    print(event)" : "print(answer)"}
`;
}
