// The server: /_emulator, and the emulated API beside it. All addresses are relative to the page.

/** An answer that is no success; `body` is what came with it. */
class Refused extends Error {
  constructor(status, message, body, headers) {
    super(message);
    Object.assign(this, { status, body, headers });
  }
}

export const address = (path) => new URL(path, document.baseURI.split("#")[0]).href;
export const apiRoot = () => address("..").replace(/\/$/, "");

/** A query string of what is set. */
export function query(values) {
  const set = Object.entries(values).filter(([, value]) => value !== "" && value != null);
  return set.length ? "?" + new URLSearchParams(set) : "";
}

const segment = (text) => encodeURIComponent(text);
/** A path of which each value is one segment: path`scenarios/${name}`. */
export const path = (parts, ...values) => String.raw({ raw: parts }, ...values.map(segment));

async function answered(response) {
  const text = await response.text();
  let body = text;
  try {
    body = JSON.parse(text);
  } catch {
    // It is a text.
  }
  if (response.ok) return body;
  throw refusal(response, body);
}

/** The error of an answer, with the sentence that its body has for people. */
export function refusal(response, body) {
  const told = body?.error?.message ?? body?.message ?? body?.detail;
  const message = typeof told === "string" ? told : `The server answered ${response.status}.`;
  const hint = response.status === 401 ? " Open the address again that serve printed, with its token." : "";
  return new Refused(response.status, message + hint, body, response.headers);
}

async function asked(url, options) {
  let response;
  try {
    response = await fetch(address(url), options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, "The server does not answer. Is it still running?", null, null);
  }
  return answered(response);
}

export const get = (url, options) => asked(url, options);

/** Send JSON, or a text as it is. */
export const send = (method, url, body) =>
  asked(url, {
    method,
    headers: { "content-type": typeof body === "string" ? "application/yaml" : "application/json" },
    body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body),
  });

/** What the server has of a route that it may not have; `otherwise` if it has none. */
export async function optional(url, otherwise = null) {
  try {
    return await get(url);
  } catch (error) {
    if (error.status === 404) return otherwise;
    throw error;
  }
}

/** The events of a stream as they come: {event, data} with data as text. */
export async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    rest += value;
    const blocks = rest.split(/\r?\n\r?\n/);
    rest = blocks.pop();
    for (const block of blocks) yield* eventsIn(block);
  }
  yield* eventsIn(rest);
}

function* eventsIn(block) {
  let event = "message";
  const data = [];
  for (const line of block.split(/\r?\n/)) {
    if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
    else if (line.startsWith("event:")) event = line.slice(6).trim();
  }
  if (data.length) yield { event, data: data.join("\n") };
}
