// Asking the emulated API as a client does: the body of a request, its answer as it comes, and its cost.

import {address, events, parsed, refusal} from "./api.js";
import {signal} from "./ui.js";

export const DIALECTS = {
	chat: ["OpenAI chat", "v1/chat/completions"],
	messages: ["Anthropic messages", "anthropic/v1/messages"],
};

/** The JSON of an editor; undefined if it is empty. An error names the editor. */
function json(text, what) {
	try {
		return text.trim() ? JSON.parse(text) : undefined;
	} catch (error) {
		throw new Error(`${what}: ${error.message}`);
	}
}

/** The body of a request. `settings` are those of the panel, `said` is what was said so far. */
export function body({dialect, system, parameters, stream, ...texts}, model, said) {
	const tools = json(texts.tools, "Tools");
	const format = json(texts.format, "Response format");
	const given = JSON.parse(JSON.stringify(parameters)); // without what is undefined
	if (dialect === "chat") {
		const messages = [...(system ? [{role: "system", content: system}] : []), ...said];
		const counted = {stream_options: {include_usage: true, continuous_usage_stats: true}};
		return {model, messages, stream, ...given, ...(stream && counted), tools, response_format: format};
	}
	const schema = format?.json_schema ? {type: "json_schema", schema: format.json_schema.schema} : format;
	const own = tools?.map(tool => (tool.function ? anthropicTool(tool.function) : tool));
	const output = format && {format: schema};
	const asked = {system: system || undefined, tools: own, output_config: output};
	return {model, max_tokens: 1024, messages: said, stream, ...given, ...asked};
}

const anthropicTool = ({name, description, parameters: input_schema = {type: "object"}}) =>
	({name, description, input_schema});

/** What some tokens say. */
export const said = pieces => pieces.map(each => each.token).join("");

/** One answer while it comes, with its choices. `version` changes with it. */
export class Answer {
	/** How many answers are coming. */
	static running = signal(0);

	choices = [];
	status = 0;
	headers = {};
	version = signal(0);
	started = performance.now();
	_leaving = new AbortController();

	constructor(dialect, asked) {
		Object.assign(this, {dialect, asked});
	}

	get text() {
		return said(this.choices[0]?.pieces ?? []);
	}

	stop() {
		this._leaving.abort();
	}

	async run(key) {
		Answer.running.value++;
		try {
			await this._run(key);
		} catch (error) {
			const left = error.name === "AbortError";
			const broken = left ? "Stopped here: the client left." : `The connection broke: ${error.message}`;
			this.error ??= error.status ? error : {message: broken};
		}
		this.ended = performance.now();
		this.version.value++;
		Answer.running.value--;
	}

	async _run(key) {
		const version = this.dialect === "messages" && {"anthropic-version": "2023-06-01"};
		const response = await fetch(address("../" + DIALECTS[this.dialect][1]), {
			method: "POST",
			headers: {"content-type": "application/json", authorization: `Bearer ${key}`, ...version},
			body: JSON.stringify(this.asked),
			signal: this._leaving.signal,
		});
		this.status = response.status;
		this.headers = Object.fromEntries(response.headers);
		if (response.ok && response.headers.get("content-type")?.includes("event-stream")) return this._follow(response);
		const text = await response.text();
		const told = parsed(text);
		if (!response.ok) throw refusal(response, told ?? text);
		if (told == null) this.error = {message: "The answer is no JSON.", body: text};
		else this._whole(told);
	}

	async _follow(response) {
		let done = false;
		for await (const {event, data} of events(response)) {
			if (data === "[DONE]" || event === "message_stop") done = true;
			else this._event(event, data);
			if (this.choices.some(each => each.pieces.length || each.reasoning || each.calls.length))
				this.first ??= performance.now();
			this._frame ??= requestAnimationFrame(() => {
				this._frame = undefined;
				this.version.value++;
			});
		}
		if (!done) this.error ??= {message: "The stream ended before it was complete."};
	}

	_event(event, data) {
		const told = parsed(data);
		if (told == null) this.error = {message: "A frame of the stream is no JSON.", body: data};
		else if (told.error || event === "error") this.error = {message: told.error?.message ?? data, body: told};
		else if (this.dialect === "messages") this._block(told);
		else this._chunk(told);
	}

	_chunk({choices = [], usage}) {
		if (usage) this.usage = {prompt: usage.prompt_tokens, completion: usage.completion_tokens};
		for (const {index: at, delta = {}, logprobs, finish_reason: finish} of choices) {
			const choice = this._choice(at);
			choice.reasoning += delta.reasoning_content ?? delta.reasoning ?? "";
			this._say(choice, delta.content, logprobs?.content);
			for (const {index, id, function: called} of delta.tool_calls ?? [])
				this._call(choice, index, called?.name, called?.arguments, id);
			choice.finish = finish ?? choice.finish;
		}
	}

	_choice(index) {
		let choice = this.choices.find(each => each.index === index);
		if (!choice) this.choices.push((choice = {index, pieces: [], reasoning: "", calls: []}));
		return choice;
	}

	_block({index, content_block: block, delta, usage, message}) {
		const {input_tokens: prompt, output_tokens: completion} = usage ?? message?.usage ?? {};
		if (prompt != null || completion != null)
			this.usage = {prompt: prompt ?? this.usage?.prompt ?? 0, completion: completion ?? this.usage?.completion ?? 0};
		const choice = this._choice(0);
		if (block?.type === "tool_use") this._call(choice, index, block.name, "", block.id);
		this._say(choice, block?.text ?? delta?.text);
		choice.reasoning += block?.thinking ?? delta?.thinking ?? "";
		if (delta?.partial_json) this._call(choice, index, undefined, delta.partial_json);
		choice.finish = delta?.stop_reason ?? choice.finish;
	}

	_whole({usage, content, stop_reason, choices}) {
		const whole = input => input && {partial_json: JSON.stringify(input)};
		content?.forEach((block, index) => this._block({index, content_block: block, delta: whole(block.input)}));
		if (content) return this._block({usage, delta: {stop_reason}});
		const numbered = calls => calls?.map((call, index) => ({index, ...call}));
		const delta = ({message}) => ({...message, tool_calls: numbered(message?.tool_calls)});
		return this._chunk({usage, choices: choices?.map(choice => ({...choice, delta: delta(choice)}))});
	}

	_say({pieces}, text, logprobs) {
		if (!text) return;
		const tokens = logprobs?.map(({token, logprob, top_logprobs: top}) => ({token, logprob, top}));
		pieces.push(...(tokens?.length ? tokens : [{token: text}]));
	}

	_call({calls}, index, name, more = "", id) {
		let call = calls.find(each => each.index === index);
		if (!call) calls.push((call = {index, name: "", arguments: ""}));
		if (name) Object.assign(call, {name, id});
		call.arguments += more;
	}
}

/** What an answer costs, in USD; null without prices. */
export function cost(usage, pricing) {
	if (!usage || !pricing) return null;
	const {input = 0, output = 0, request = 0} = pricing;
	return usage.prompt * Number(input) + usage.completion * Number(output) + Number(request);
}
