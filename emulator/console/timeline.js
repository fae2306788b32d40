// The picture of an answer in time, and of all attempts at the same question, as SVG.

import {useWidth} from "./charts.js";
import {ending, html, href, plural, seconds, table, tag} from "./ui.js";

const LABEL = 72;
const LETTER = 6.8;
const MOST_ATTEMPTS = 20;

/** An axis from 0 to `span` seconds in a picture of `width`: where a time is, and the grid. */
function axis(span, width, height) {
	const x = at => LABEL + (at / span) * Math.max(50, width - LABEL - 28);
	const power = 10 ** Math.floor(Math.log10(span / 5));
	const step = [1, 2, 5, 10].map(each => each * power).find(each => each >= span / 5);
	const ticks = Array.from({length: Math.floor(span / step + 1e-9) + 1}, (_, index) => index * step);
	const grid = html`<g class="grid">${ticks.map(at => html`<line x1=${x(at)} x2=${x(at)} y1="16" y2=${height} />
		<text x=${x(at)} y="10" text-anchor="middle">${at ? seconds(at) : "0"}</text>`)}</g>`;
	return {x, grid};
}

const bar = (kind, from, to, y, height, title) => html`<rect class=${kind} x=${from} y=${y} width=${to - from}
	height=${height} rx="2">${title && html`<title>${title}</title>`}</rect>`;

/** All attempts at the question: what Retry-After asked for, beside the wait that was kept. */
export function Attempts({timeline: {attempts: all, frames}, number}) {
	const [box, width] = useWidth();
	if (all.length < 2) return null;
	const here = all.findIndex(each => each.number === number);
	const last = Math.min(all.length, Math.max(MOST_ATTEMPTS, here + MOST_ATTEMPTS / 2));
	const attempts = all.slice(Math.max(0, last - MOST_ATTEMPTS), last);
	const more = all.length > attempts.length ? `, of which ${attempts.length} are shown` : "";
	const start = attempts[0].started;
	// One that still runs ends where the last thing happened.
	const end = each => (each.ended ?? each.started + (frames.at(-1)?.at ?? 0)) - start;
	const span = Math.max(0.01, ...attempts.map(each => end(each) + Math.max(each.waited ?? 0, each.retry_after ?? 0)));
	let height = 24;
	const tops = attempts.map(({retry_after: asked, waited}) => {
		const top = height;
		height += 24 + 14 * [asked, waited].filter(wait => wait != null).length;
		return top;
	});
	const {x, grid} = axis(span, width, height);
	const row = (each, index) => {
		const {retry_after: asked, waited, first_byte: byte, number: its} = each;
		const y = tops[index];
		const kind = ending(each.outcome, each.status);
		const to = x(end(each));
		const first = byte == null ? to : Math.min(to, x(each.started + byte - start));
		const early = asked != null && waited != null && waited < asked - 0.0005;
		const kept = `waited ${seconds(waited)}${early ? `, ${seconds(asked - waited)} too short` : ""}`;
		const span = (length, y, kind, text) =>
			interval(to, to + Math.max(2, x(length) - LABEL), y, kind, text, width);
		return html`<g>
			<a href=${href("inferences", its)}><text x="0" y=${y + 12} class=${"attempt" + (its === number ? " here" : "")}>
				#${its} <tspan class=${kind}>${each.status || "–"}</tspan></text></a>
			${its === number && bar("here", -8, -5, y - 2, 20)}
			${bar("wait fill " + kind, x(each.started - start), first, y + 2, 12)}
			${bar("fill " + kind, first, Math.max(first + 3, to), y + 2, 12)}
			${asked != null && span(asked, y + 22, "asked", `Retry-After ${seconds(asked)}`)}
			${waited != null && span(waited, y + (asked == null ? 22 : 36), early ? "ignored" : "kept", kept)}</g>`;
	};
	return html`<div><h2>${all.length} attempts at the same question${more}</h2><div class="attempts" ref=${box}>
		<svg width=${width} height=${height + 4} role="group" aria-label=${attempts.map(sentence).join(" ")}>
			${grid}${attempts.map(row)}</svg></div></div>`;
}

/** A length of time with its name beside it, or where no room is, above; below a wait. */
function interval(from, to, y, kind, text, width) {
	const length = 8 + text.length * LETTER;
	const right = to + length < width;
	const off = !right && from < length && (kind === "asked" ? -5 : 13);
	return html`<g class=${"span " + kind}><path d=${`M${from} ${y - 3}v6M${from} ${y}H${to}M${to} ${y - 3}v6`} />
		<text x=${right ? to + 8 : off ? Math.max(to, length) : from - 8} y=${y + (off || 4)}
			text-anchor=${right ? "start" : "end"}>${text}</text></g>`;
}

function sentence({status, outcome, retry_after: asked, waited}, index) {
	const wished = asked == null ? "" : ` Retry-After asked for ${seconds(asked)}.`;
	return `Attempt ${index + 1}: ${status}, ${outcome}.${wished}${waited == null ? "" : ` Waited ${seconds(waited)}.`}`;
}

/** One answer on its axis: the queue, the first token, each frame, and stalls and faults by their names. */
export function Picture({timeline, record}) {
	const [box, width] = useWidth();
	const {frames, faults, first_byte: byte, first_token: token, queued} = timeline;
	const located = faults.filter(each => each.at != null);
	const elsewhere = faults.filter(each => each.at == null);
	const took = record.ended == null ? 0 : record.ended - record.started;
	const ends = located.map(each => each.until ?? each.at);
	const span = Math.max(0.001, took, frames.at(-1)?.at ?? 0, byte ?? 0, ...ends);
	const end = record.ended == null ? span : took;
	const height = 62 + located.length * 20;
	const {x, grid} = axis(span, width, height);
	const kind = ending(record.outcome, record.status);
	const from = queued ?? 0;
	const first = byte ?? span;
	const most = Math.max(1, ...frames.map(each => each.size));
	const lane = (name, y) => html`<text x="0" y=${y} class="lane">${name}</text>`;
	const moment = (name, at) => html`<g class="moment"><title>${name} after ${seconds(at)}</title>
		<path d=${`M${x(at)} 20v22`} /></g>`;
	const frame = ({at, size, text}) => html`<line x1=${x(at)} x2=${x(at)} y1="60" class=${text ? "" : "bare"}
		y2=${56 - Math.round((size / most) * 10)}><title>${`${seconds(at)}: ${size} bytes ${text}`}</title></line>`;
	const fault = ({fault, place, at, until}, index) => {
		const y = 76 + index * 20;
		const [from, to] = [x(at), x(until ?? at)];
		const length = 8 + (fault.length + (place ?? "").length + 1) * LETTER;
		const after = to + length < width;
		return html`<g class="fault">
			${to - from > 3 ? bar("", from, to, y - 9, 12) : html`<path d=${`M${from} ${y - 10}l5 7l-5 7l-5-7z`} />`}
			<text x=${after ? to + 8 : from - length > LABEL ? from - 8 : width} y=${y + 1}
				text-anchor=${after ? "start" : "end"}>${fault} <tspan class="place">${place}</tspan></text></g>`;
	};
	return html`<div><h2>This answer</h2><div ref=${box}>
		<svg width=${width} height=${height + 4} role="img" aria-label=${spoken(timeline, end, record)}>
			${grid}${lane("request", 34)}
			${queued > 0 && bar("queue", LABEL, x(queued), 24, 14, `in the queue for ${seconds(queued)}`)}
			${bar("wait fill " + kind, x(from), Math.max(x(from) + 2, x(first)), 24, 14,
				`until the first byte: ${seconds(first - from)}`)}
			${byte != null && bar("fill " + kind, x(byte), Math.max(x(byte) + 3, x(end)), 24, 14,
				`sending: ${seconds(end - byte)}`)}
			${queued > 0 && moment("slot", queued)}
			${token != null ? moment("first token", token) : byte != null && record.stream && moment("first byte", byte)}
			${lane("frames", 56)}<g class="frames">${thinned(frames, x).map(frame)}</g>
			${located.length > 0 && lane("faults", 76)}${located.map(fault)}</svg></div>
		${elsewhere.length > 0 && html`<p>${elsewhere.map(each => tag(`${each.fault} ${each.place}`))}</p>`}</div>`;
}

/** At most one frame for each half pixel: more cannot be seen. */
function thinned(frames, x) {
	let last;
	return frames.filter(each => last !== (last = Math.round(x(each.at) * 2)));
}

const spoken = ({frames, faults, first_token: token, queued}, span, {status, outcome}) =>
	[
		`${status}, ${outcome}, in ${seconds(span)}.`,
		queued && `Queued for ${seconds(queued)}.`,
		token != null && `First token after ${seconds(token)}.`,
		plural(frames.length, "frame") + ".",
		...faults.map(each => `Fault: ${each.fault} ${each.place}.`),
	].filter(Boolean).join(" ");

const SHOWN = 2000;

export function Frames({timeline: {frames, frames_cut: cut}}) {
	if (!frames.length) return html`<p class="muted">Nothing was sent.</p>`;
	const rows = frames.slice(0, SHOWN).map(({at, size, text}, index) => [
		index + 1,
		seconds(at),
		index > 0 && "+" + seconds(at - frames[index - 1].at),
		size,
		html`<code>${text}</code>`,
	]);
	return html`${table(["##", "#At", "#After", "#Bytes", "Text"], rows, "frames-table")}
		${(frames.length > SHOWN || cut) && html`<p class="muted">There are more frames than are shown.</p>`}`;
}
