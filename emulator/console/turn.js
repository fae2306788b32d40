// One turn of the playground: what was asked, and the answer while it comes and afterwards.

import { useMemo } from "./vendor/preact-hooks.js";
import { cost } from "./asking.js";
import { doubt, Probable } from "./inference.js";
import { Code, html, link, number, plural, pretty, seconds } from "./ui.js";

export function Turn({ turn: { asked, answer }, pricing }) {
  const said = typeof asked.content === "string" ? asked.content : JSON.stringify(asked.content, null, 2);
  return html`<div class="turn"><h3>${asked.role}</h3><div><p>${said}</p></div></div>
    ${answer && html`<${Said} answer=${answer} pricing=${pricing} />`}`;
}

function Said({ answer, pricing }) {
  answer.version.value;
  const running = answer.ended == null;
  const probable = answer.pieces.some((each) => each.logprob != null);
  const price = cost(answer.usage, pricing);
  const facts = [
    running ? "running" : `${answer.status || "no answer"}`,
    answer.first && `first token ${seconds((answer.first - answer.started) / 1000)}`,
    answer.usage && `${number(answer.usage.prompt)} → ${plural(answer.usage.completion, "token")}`,
    price != null && `$${price.toPrecision(3)}`,
    !running && seconds((answer.ended - answer.started) / 1000),
  ];
  const id = answer.headers["inference-id"];
  return html`<div class=${"turn answer" + (answer.error ? " failed" : "")}><h3>answer${answer.finish && html`<small>
    ${answer.finish}</small>`}</h3><div>
    ${answer.reasoning && html`<details class="reasoning" open=${running && !answer.pieces.length}>
      <summary>Reasoning</summary><p>${answer.reasoning}</p></details>`}
    ${answer.pieces.length > 0 && (probable ? html`<${Streamed} answer=${answer} />` : html`<p>${answer.text}</p>`)}
    ${answer.calls.map((call) => html`<div class="call"><b>${call.name}</b> <small class="muted">${call.id}</small>
      <${Code} json label="arguments" text=${pretty(call.arguments)} /></div>`)}
    ${answer.error && html`<${Failed} answer=${answer} />`}
    <p class="facts-line">${facts.filter(Boolean).join(" · ")}${id && html` · <a
      href=${link("inferences", id)}>inference</a>`}</p>
  </div></div>`;
}

const CHUNK = 100;

/** Tokens while they come: what was shown is not made again. Afterwards they can be looked at one by one. */
function Streamed({ answer }) {
  const chunks = useMemo(() => [], [answer]);
  const { pieces } = answer;
  if (answer.ended != null) return html`<${Probable} tokens=${pieces.filter((each) => each.logprob != null)} />`;
  const spans = (from, to) =>
    pieces
      .slice(from, to)
      .map((each) => html`<span class=${"token doubt-" + doubt(each.logprob ?? 0)}>${each.token}</span>`);
  while ((chunks.length + 1) * CHUNK <= pieces.length)
    chunks.push(html`<span key=${chunks.length}>${spans(chunks.length * CHUNK, (chunks.length + 1) * CHUNK)}</span>`);
  return html`<p>${[...chunks, ...spans(chunks.length * CHUNK, pieces.length)]}</p>`;
}

/** An error as a client meets it: the status, the message, the headers that say when to come again, the body. */
function Failed({ answer }) {
  const { message, body: told } = answer.error;
  const shown = ["retry-after", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"].filter(
    (name) => answer.headers[name],
  );
  return html`<div class="failure"><p>${message}</p>${shown.length > 0 && html`<p class="mono">
    ${shown.map((name) => html`${name}: ${answer.headers[name]}<br />`)}</p>`}
    ${told && html`<${Code} json label="body"
      text=${typeof told === "string" ? told : JSON.stringify(told, null, 2)} />`}</div>`;
}
