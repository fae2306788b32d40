// Charts over time: how inferences ended, and what each model was used.

import {day, ending, href, html, link, money, moves, number, plural, table, time, useEffect, useState} from "./ui.js";

/** The width of an element, as it is and becomes: [ref, width]. */
export function useWidth() {
	const [node, setNode] = useState(null);
	const [width, set] = useState(0);
	useEffect(() => {
		if (!node) return undefined;
		const observer = new ResizeObserver(([entry]) => set(Math.max(200, Math.floor(entry.contentRect.width))));
		observer.observe(node);
		return () => observer.disconnect();
	}, [node]);
	return [setNode, width];
}

const WORDS = {ok: "completed", run: "running", cut: "cut", bad: "failed"};

/** How many of some buckets ended how. */
export function outcomes(buckets) {
	const sums = {ok: 0, run: 0, cut: 0, bad: 0};
	for (const bucket of buckets)
		for (const [outcome, count] of Object.entries(bucket.outcomes)) sums[ending(outcome, 200)] += count;
	return sums;
}

const told = sums =>
	Object.keys(sums).filter(kind => sums[kind]).map(kind => `${number(sums[kind])} ${WORDS[kind]}`).join(", ");

/** Columns over time. `parts` tells the [colour, amount] that a bucket stacks, `tell` its name. */
function Columns({usage, parts, tell, label, tall, filters}) {
	const [box, width] = useWidth();
	const {buckets = [], step: length, from, to} = usage ?? {};
	const stacks = buckets.map(bucket => parts(bucket).filter(([, amount]) => amount > 0));
	const sums = stacks.map(stack => stack.reduce((all, [, amount]) => all + amount, 0));
	const most = Math.max(1, ...sums);
	const step = width / Math.max(1, buckets.length);
	const room = tall - (tall > 100 ? 24 : 6);
	const first = sums.findIndex(Boolean);
	const column = ({at}, index) => {
		if (!sums[index]) return null;
		const said = `${time(at)} to ${time(at + length)}: ${tell(buckets[index], sums[index])}`;
		let top = tall - 1;
		const part = ([colour, amount]) => {
			const height = Math.max(2, (amount / most) * room);
			return html`<rect fill=${colour} x=${index * step + 0.5} y=${(top -= height)} width=${Math.max(1, step - 1)}
				height=${height} />`;
		};
		return html`<a class="bar" tabindex=${index === first ? 0 : -1} aria-label=${said}
			href=${href("inferences", null, {...filters, since: at, until: at + length})}><title>${said}</title>
			<rect x=${index * step} y="0" width=${step} height=${tall} class="hit" />${stacks[index].map(part)}</a>`;
	};
	const line = share => {
		const y = tall - 0.5 - share * room;
		return html`<line class="axis" x1="0" x2=${width} y1=${y} y2=${y} />
			${share === 1 && html`<text class="axis-text" x="0" y=${y - 4}>${number(Math.round(most * share))}</text>`}`;
	};
	return html`<div class="bars" ref=${box}>
		<svg width=${width} height=${tall} role="group" aria-label=${label} onKeyDown=${moves("a")}>
			${(tall > 100 ? [0, 0.5, 1] : [0]).map(line)}${buckets.map(column)}</svg>
		<p class="bars-axis">${first >= 0 && html`<span>${to - from > 86400 ? day(from) : time(from)}</span>
			<span>${time(to)}</span>`}</p></div>`;
}

/** The histogram of inferences by outcome. */
export const Bars = ({usage, filters}) => html`<${Columns} tall=${44} usage=${usage} filters=${filters}
	parts=${bucket => Object.entries(outcomes([bucket])).map(([kind, count]) => [`var(--${kind})`, count])}
	tell=${bucket => told(outcomes([bucket]))}
	label=${`Inferences over time: ${told(outcomes(usage?.buckets ?? [])) || "none"}`} />`;

const tokens = each => (each ? each.prompt_tokens + each.completion_tokens : 0);
const SHADES = ["#2f8f84", "#8a6fb8", "#c98a2b", "#3f7fc4", "#b8577e", "#7d8b3c"];
const shade = index => SHADES[index % SHADES.length];

/** Usage over time by model: tokens, stacked, and the sums. */
export function Usage({usage}) {
	const used = usage.buckets.flatMap(({models}) => Object.entries(models)).filter(([, each]) => tokens(each));
	const names = [...new Set(used.map(([name]) => name))];
	return html`<${Columns} tall=${160} usage=${usage} label="Tokens over time, by model"
			parts=${({models}) => names.map((name, at) => [shade(at), tokens(models[name])])}
			tell=${(_, sum) => plural(sum, "token")} />
		<p class="row-fields">${names.map((name, at) => html`<small>
			<span class="dot" style=${{background: shade(at)}}></span> ${name}</small>`)}</p>
		<${Totals} buckets=${usage.buckets} />`;
}

/** What each model was used in some buckets. */
export function Totals({buckets}) {
	const sums = {};
	for (const bucket of buckets)
		for (const [model, told] of Object.entries(bucket.models)) {
			const sum = (sums[model] ??= {requests: 0, prompt_tokens: 0, completion_tokens: 0, charge: 0});
			for (const name of Object.keys(sum)) sum[name] += parseFloat(told[name]) || 0;
		}
	const rows = Object.entries(sums).map(([model, {charge, ...counts}]) => [
		link(model, "inferences", null, {model}),
		...Object.values(counts).map(number),
		charge ? money(charge.toFixed(8)) : "–",
	]);
	return rows.length > 0 && table(["Model", "#Requests", "#Prompt", "#Completion", "#Cost"], rows);
}
