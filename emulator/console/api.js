// The server: /_emulator, and the emulated API beside it. All addresses are relative to the page.

/** An answer that is no success; `body` is what came with it. */
const refused = (status, message, body) => Object.assign(new Error(message), {status, body});

export const address = path => new URL(path, document.baseURI.split("#")[0]).href;
export const apiRoot = () => address("..").replace(/\/$/, "");

/** A command that asks one thing. */
export const curl = (key, model) => `curl -sS ${apiRoot()}/v1/chat/completions \\
  -H "Authorization: Bearer ${key}" -H "Content-Type: application/json" \\
  -d '{"model": "${model}", "messages": [{"role": "user", "content": "Hello"}]}'`;

/** A query string of what is set. */
export function query(values) {
	const set = Object.entries(values).filter(([, value]) => value !== "" && value != null);
	return set.length ? "?" + new URLSearchParams(set) : "";
}

/** A path of which each value is one segment, also one of dots: path`scenarios/${name}`. */
export const path = (parts, ...values) =>
	String.raw({raw: parts}, ...values.map(value => encodeURIComponent(value).replace(/^(\.|%2F)+$/, "$&%20")));

/** The value of a JSON text; `otherwise` if it is none. */
export function parsed(text, otherwise = null) {
	try {
		return JSON.parse(text);
	} catch {
		return otherwise;
	}
}

/** The error of an answer, with the sentence that its body has for people. */
export function refusal({status}, body) {
	const mistakes = body?.mistakes?.map(each => `line ${each.line}: ${each.message}`).join("; ");
	const told = body?.error?.message ?? body?.message ?? body?.detail ?? mistakes;
	const message = typeof told === "string" ? told : `The server answered ${status}.`;
	return refused(status, message, body);
}

/** The text of an answer. */
export async function text(url, options) {
	const response = await fetch(address(url), options).catch(() => {
		throw refused(0, "The server does not answer. Is it still running?", null);
	});
	const body = await response.text();
	if (response.ok) return body;
	throw refusal(response, parsed(body, body));
}

export async function get(url, options) {
	const body = await text(url, options);
	return parsed(body, body);
}

/** Send JSON, or a text as it is. */
export function send(method, url, body) {
	const plain = typeof body === "string";
	const headers = {"content-type": plain ? "application/yaml" : "application/json"};
	return get(url, {method, headers, body: plain ? body : JSON.stringify(body)});
}

/** The events of a stream as they come: {event, data} with data as text. */
export async function* events(response) {
	const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
	let rest = "";
	for (let done = false; !done; ) {
		const part = await reader.read();
		done = part.done;
		const blocks = (rest + (part.value ?? "")).split(/\r?\n\r?\n/);
		rest = done ? "" : blocks.pop();
		for (const block of blocks) {
			const lines = block.split(/\r?\n/).map(line => line.match(/^(data|event): ?(.*)/s) ?? []);
			const of = name => lines.filter(line => line[1] === name).map(line => line[2]);
			const data = of("data");
			if (data.length) yield {event: of("event").at(-1) ?? "message", data: data.join("\n")};
		}
	}
}
