// One turn of the playground: what was asked, and the answer while it comes and afterwards.

import {cost} from "./asking.js";
import {calls, ended, Probable, reasoned, token, turn} from "./inference.js";
import {Code, html, indented, link, number, plural, seconds, useMemo, useValue} from "./ui.js";

const written = value => (typeof value === "string" ? value : indented(value));

export const Turn = ({turn: {asked, answer}, pricing}) => html`
	${turn(asked.role, html`<p>${written(asked.content)}</p>`)}
	${answer && html`<${Said} answer=${answer} pricing=${pricing} />`}`;

function Said({answer, pricing}) {
	useValue(answer.version);
	const {pieces, usage, error} = answer;
	const running = answer.ended == null;
	const price = cost(usage, pricing);
	const told = [
		running ? "running" : `${answer.status || "no answer"}`,
		answer.first && `first token ${seconds((answer.first - answer.started) / 1000)}`,
		usage && `${number(usage.prompt)} → ${plural(usage.completion, "token")}`,
		price != null && `$${price.toPrecision(3)}`,
		!running && seconds((answer.ended - answer.started) / 1000),
	];
	const id = answer.headers["inference-id"];
	return turn(
		ended(answer.finish),
		html`${reasoned(answer.reasoning, running && !pieces.length)}
			${pieces.length > 0 && html`<${Pieces} answer=${answer} />`}
			${calls(answer.calls)}
			${error && html`<${Failed} answer=${answer} />`}
			<p class="facts-line">${told.filter(Boolean).join(" · ")}
				${id && html` · ${link("inference", "inferences", id)}`}</p>`,
		error ? "answer failed" : "answer",
	);
}

/** Tokens while they come: what was shown is not made again. Afterwards they can be looked at one by one. */
function Pieces({answer}) {
	const {pieces, ended} = answer;
	const spans = useMemo(() => [], [answer]);
	if (ended != null && pieces.some(each => each.logprob != null)) return html`<${Probable} tokens=${pieces} />`;
	if (ended != null) return html`<p>${answer.text}</p>`;
	for (const each of pieces.slice(spans.length)) spans.push(token(each, spans.length));
	return html`<p>${spans}</p>`;
}

/** An error as a client meets it, with the headers that say when to come again. */
function Failed({answer: {error, headers}}) {
	const shown = Object.entries(headers).filter(([name]) => /^(retry-after|x-ratelimit-\w+)$/.test(name));
	return html`<div class="failure"><p>${error.message}</p>
		${shown.length > 0 && html`<p class="mono">${shown.map(([name, value]) => html`${name}: ${value}<br />`)}</p>`}
		${error.body && html`<${Code} json label="body" text=${written(error.body)} />`}</div>`;
}
