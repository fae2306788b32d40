// Models: the catalogue with prices, and the backends, which are switched off and slowed here.

import {get, send} from "./api.js";
import {attempt, contains, facts, html, href, number, perMillion, problem, Search, Select, tag} from "./ui.js";
import {useLoaded, useState} from "./ui.js";

/** The states of backends: the label, what they are set to, how that is told, and its colour. */
const STATES = {
	up: ["Up, no limits", null, "up", "ok"],
	gone: ["No backend: 504", {total: 0}, "no backend", "bad"],
	ill: ["None healthy: 529", {total: 1, healthy: 0}, "none healthy", "bad"],
	slow: ["One slot, queue of 5 s", {slots: 1, queue: "5s"}, "limited", "cut"],
	own: ["As they were set", undefined, "limited", "cut"],
};

function stateOf({backends, healthy_now: healthy}) {
	if (!backends) return "up";
	if (backends.total === 0) return "gone";
	if (!healthy) return "ill";
	return backends.slots === 1 ? "slow" : "own";
}

function thousands(tokens) {
	if (tokens == null || tokens < 1000) return number(tokens);
	if (tokens < 1 << 20) return `${number(Math.round(tokens / 1024))}K`;
	return `${number(Math.round((tokens / (1 << 20)) * 10) / 10)}M`;
}

export default function Models() {
	const {value, error, again} = useLoaded(async () => {
		const [{models}, {models: backends}] = await Promise.all([get("models"), get("backends")]);
		return models.map(model => ({...model, serving: backends.find(each => each.model === model.id) ?? {}}));
	});
	const [words, set] = useState("");
	if (!value) return problem(error);
	const shown = value.filter(({id, name, description, supported_features: features}) =>
		contains([id, name, description, ...(features ?? [])], words),
	);
	return html`<div class="page">
		<div class="page-head"><h1>Models</h1><${Search} what="models" hint="reasoning" value=${words} set=${set} /></div>
		<p class="muted">Prices are USD per million tokens. Backends can be switched off or slowed while clients run.</p>
		<div class="models">${shown.map(model => html`<${Model} key=${model.id} model=${model} again=${again} />`)}</div>
		${!shown.length && html`<p>No model has “${words}”.</p>`}</div>`;
}

function Model({model, again}) {
	const {id, name = id, serving, pricing = {}} = model;
	const put = to => {
		const [label, backends] = STATES[to];
		return attempt(async () => {
			await send("PUT", "backends", {model: id, backends});
			again();
		}, `${name}: ${label}`);
	};
	const state = stateOf(serving);
	const inputs = (model.input_modalities ?? []).filter(each => each !== "text");
	const tags = [...(model.supported_features ?? []), ...inputs, model.quantization].filter(Boolean);
	return html`<article class="model">
		<header><h2><a href=${href("inferences", null, {model: id})} title="Its inferences">${name}</a></h2>
			${tag(...STATES[state].slice(2))}</header>
		<code>${id}</code>
		<p class="muted">${model.description}</p>
		${facts([
			["Input", perMillion(pricing.input)],
			["Output", perMillion(pricing.output)],
			["Cached", perMillion(pricing.input_cache_read)],
			["Context", thousands(model.context_length)],
			["Output limit", thousands(model.max_output_length)],
		])}
		<p>${tags.map(each => tag(each))}</p>
		<footer><label for=${"backends-" + id}>Backends</label>
			<${Select} id=${"backends-" + id} value=${state} pick=${put}
				of=${Object.entries(STATES).filter(([name]) => name !== "own" || state === name)} />
			${serving.backends && html`<small class="muted">
				${number(serving.running)} running, ${number(serving.waiting)} waiting</small>`}</footer>
	</article>`;
}
