// Playground: ask the API as a client does, with one model or two side by side.

import {get, send} from "./api.js";
import {Answer, body, cost, DIALECTS, said} from "./asking.js";
import {instructs, messagesOf, preset, presetOf, request} from "./drafts.js";
import {calls, ended, Probable, reasoned, turn} from "./inference.js";
import {Parameters} from "./parameters.js";
import * as ui from "./ui.js";
import {Field, html, into, quiet, Select, signal, useValue} from "./ui.js";

const PROBABLE = {logprobs: true, top_logprobs: 5};
const settings = signal({
	dialect: "chat",
	key: "akml-playground",
	stream: true,
	system: "",
	tools: "",
	format: "",
	parameters: PROBABLE,
});
const columns = signal([{model: "", turns: []}]);
const message = signal("");
const idle = signal(0);
const change = more => (settings.value = {...settings.value, ...more});
const changeColumns = more => (columns.value = columns.value.map((each, at) => ({...each, ...more(each, at)})));

async function load() {
	const [catalogue, {presets}] = await Promise.all([get("models"), get("presets")]);
	const named = presets.map(({name, model, description}) => {
		const known = catalogue.models.find(each => each.id === model);
		return {...known, id: `@preset/${name}`, description};
	});
	return {...catalogue, all: [...catalogue.models, ...named]};
}

export default function Playground() {
	const {value: known, error} = ui.useLoaded(load);
	const handed = useValue(request);
	ui.useEffect(() => {
		if (handed) taken(handed);
	}, [handed]);
	ui.useEffect(() => {
		if (known) changeColumns(({model}) => ({model: model || known.models[0]?.id}));
	}, [known]);
	const shown = useValue(columns);
	if (!known) return ui.problem(error);
	return html`<div class="bench">
		<aside class="panel" aria-label="Settings of the request"><${Panel} known=${known} /></aside>
		<section class="asking" aria-label="Conversation">
			<div class=${"columns of-" + shown.length}>${shown.map(
				(column, index) => html`<${Column} key=${index} column=${column} index=${index} known=${known} />`,
			)}</div>
			<${Composer} />
		</section>
	</div>`;
}

/** Begin with a request that another page handed over. */
function taken({dialect, body: asked}) {
	request.value = null;
	const {model, system, parameters: given} = presetOf(asked);
	const {tools, response_format: format, ...parameters} = given;
	const text = value => (value ? ui.indented(value) : "");
	change({dialect, stream: asked.stream === true, system, parameters, tools: text(tools), format: text(format)});
	columns.value = [{model, turns: messagesOf(asked).filter(each => !instructs(each)).map(asked => ({asked}))}];
}

const keep = () =>
	ui.attempt(async () => {
		preset.value = presetOf(body(settings.value, columns.value[0].model, []));
		ui.go("presets", "new");
	});

const object = properties => ({type: "object", properties, required: Object.keys(properties)});
const WEATHER = {name: "get_weather", parameters: object({city: {type: "string"}})};
const PERSON = {name: "person", schema: object({name: {type: "string"}, age: {type: "integer"}})};
const SAMPLES = {
	tools: [{type: "function", function: WEATHER}],
	format: {type: "json_schema", json_schema: PERSON},
};

function Panel({known}) {
	const {dialect, key, stream, system, parameters} = useValue(settings);
	const [first, second] = useValue(columns);
	const model = known.all.find(each => each.id === first.model);
	const put = name => into(value => change({[name]: value}));
	const pick = dialect => change({dialect, parameters: dialect === "chat" ? PROBABLE : {}});
	const other = {model: known.models[1]?.id ?? first.model, turns: []};
	const toggle = (label, checked, set) => html`<label>
		<input type="checkbox" checked=${checked} onChange=${({target}) => set(target.checked)} />${label}</label>`;
	return html`
		<${Field} label="API"><${Select} value=${dialect} pick=${pick} of=${Object.entries(DIALECTS)} /><//>
		<${Field} label="API key" hint="A key such as akml-rate-limited plays the scenario of that name.">
			<input class="mono" value=${key} spellcheck=${false} autocomplete="off" onInput=${put("key")} /><//>
		<div class="row-fields">${toggle("Stream", stream, stream => change({stream}))}
			${toggle("Two models", second != null, two => (columns.value = two ? [first, other] : [first]))}</div>
		<${Field} label="System prompt"><textarea rows="3" value=${system} onInput=${put("system")}></textarea><//>
		<h2>Parameters</h2>
		<${Parameters} schemas=${known.parameters[dialect] ?? {}} model=${model} dialect=${dialect} values=${parameters}
			set=${parameters => change({parameters})} />
		${editor("Tools", "tools")}${editor("Response format", "format")}
		${ui.button("Save as preset", keep)}`;
}

function editor(label, name) {
	const text = settings.value[name];
	const set = text => change({[name]: text});
	return html`<details class="editor-field" open=${text !== ""}><summary>
		${label}${!text && html` <span class="muted">none</span>`}</summary>
		<${ui.JsonField} label=${label} text=${text} set=${set} />
		<p>${text ? quiet("Remove", () => set("")) : quiet("Insert an example", () => set(ui.indented(SAMPLES[name])))}</p>
		</details>`;
}

const messages = turns =>
	turns.flatMap(({asked, answer}) => [asked, answer?.text && {role: "assistant", content: answer.text}])
		.filter(Boolean);

const bodyOf = ({model, turns}, asked) => body(settings.value, model, [...messages(turns), asked]);

function ask(content) {
	const {key, dialect} = settings.value;
	const asked = {role: "user", content};
	changeColumns(column => {
		const answer = new Answer(dialect, bodyOf(column, asked));
		answer.run(key);
		return {turns: [...column.turns, {asked, answer}]};
	});
}

function Composer() {
	const running = useValue(Answer.running) > 0;
	const text = useValue(message);
	const shown = useValue(columns);
	const stop = () => shown.forEach(({turns}) => turns.at(-1)?.answer?.stop());
	const submit = ui.submitted(
		() =>
			message.value.trim() && !Answer.running.value && ui.attempt(async () => {
				ask(message.value);
				message.value = "";
			}),
	);
	const keys = event => {
		if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
		else if (event.key === "Escape") stop();
	};
	const empty = !shown.some(each => each.turns.length);
	return html`<form class="composer" onSubmit=${submit}>
		<textarea aria-label="Message" rows="2" placeholder="Message; Enter sends, Shift+Enter begins a line" value=${text}
			onInput=${into(text => (message.value = text))} onKeyDown=${keys}></textarea>
		<div>${running ? ui.button("Stop", stop) : html`<button class="main" disabled=${!text.trim()}>Send</button>`}
			${quiet("Clear", () => changeColumns(() => ({turns: []})), {disabled: running || empty})}</div>
	</form>`;
}

function Column({column, index, known}) {
	const {model: id, turns} = column;
	const [shown, show] = ui.useState("talk");
	const box = ui.useRef();
	const version = useValue(turns.at(-1)?.answer?.version ?? idle);
	ui.useEffect(() => {
		const {scrollHeight, scrollTop, clientHeight} = box.current;
		if (scrollHeight - scrollTop - clientHeight < 160) box.current.scrollTop = scrollHeight;
	}, [version, turns.length]);
	const model = known.all.find(each => each.id === id);
	const listed = model ? known.all : [...known.all, {id}];
	return html`<div class="column">
		<div class="column-head"><${Select} aria-label="Model" value=${id} of=${listed.map(({id}) => id)}
				pick=${model => changeColumns((_, at) => at === index && {model})} />
			<${ui.Tabs} label="Shown" tabs=${[["talk", "Talk"], ["code", "Code"]]} current=${shown} pick=${show} /></div>
		<div class="column-body" ref=${box} tabindex="0" role="region" aria-label=${`Conversation with ${ui.short(id)}`}>
			${shown === "code"
				? html`<${View} column=${column} />`
				: turns.length
					? html`<div class="talk">${turns.map(
							(turn, at) => html`<${Turn} key=${at} turn=${turn} pricing=${model?.pricing} />`)}</div>`
					: about(model)}
		</div></div>`;
}

const written = value => (typeof value === "string" ? value : ui.indented(value));

const Turn = ({turn: {asked, answer}, pricing}) => html`
	${turn(asked.role, html`<p>${written(asked.content ?? asked.tool_calls ?? "")}</p>`)}
	${answer && html`<${Said} answer=${answer} pricing=${pricing} />`}`;

function Said({answer, pricing}) {
	useValue(answer.version);
	const {choices, usage, error} = answer;
	const running = answer.ended == null;
	const price = cost(usage, pricing);
	const told = [
		running ? "running" : `${answer.status || "no answer"}`,
		answer.first && `first token ${ui.seconds((answer.first - answer.started) / 1000)}`,
		usage && `${ui.number(usage.prompt)} → ${ui.plural(usage.completion, "token")}`,
		price != null && `$${price.toPrecision(3)}`,
		!running && ui.seconds((answer.ended - answer.started) / 1000),
	];
	const id = answer.headers["inference-id"];
	const all = choices.length ? choices : [{pieces: [], calls: []}];
	return all.map(({finish, reasoning, pieces, calls: made}, at) => turn(
		ended(finish),
		html`${reasoned(reasoning, running && !pieces.length)}
			${pieces.some(each => each.logprob != null)
				? html`<${Probable} tokens=${pieces} />`
				: pieces.length > 0 && html`<p>${said(pieces)}</p>`}
			${calls(made)}
			${at === all.length - 1 && html`${error && html`<${Failed} answer=${answer} />`}
				<p class="facts-line">${told.filter(Boolean).join(" · ")}
				${id && html` · ${ui.link("inference", "inferences", id)}`}</p>`}`,
		error ? "answer failed" : "answer",
	));
}

/** An error as a client meets it, with the headers of its limits. */
function Failed({answer: {error, headers}}) {
	const shown = Object.entries(headers).filter(([name]) => /^(retry-after|x-ratelimit-\w+)$/.test(name));
	return html`<div class="failure"><p>${error.message}</p>
		${shown.length > 0 && html`<p class="mono">${shown.map(([name, value]) => html`${name}: ${value}<br />`)}</p>`}
		${error.body && html`<${ui.Code} json label="body" text=${written(error.body)} />`}</div>`;
}

function about({description, pricing, context_length: context} = {}) {
	return html`<div class="hint muted"><p>${description || "Nothing was said yet."}</p>
		${pricing && html`<p>${ui.plural(context, "token")} of context, ${ui.perMillion(pricing.input)} in and
			${" "}${ui.perMillion(pricing.output)} out per million.</p>`}</div>`;
}

const LANGUAGES = [["curl", "curl"], ["python", "Python"], ["node", "Node"]];

/** The code of the request that was last asked, or that would be. */
function View({column}) {
	const [language, pick] = ui.useState("curl");
	const {asked, dialect: endpoint = settings.value.dialect} = column.turns.at(-1)?.answer ?? {};
	const write = async () => {
		const request = asked ?? bodyOf(column, {role: "user", content: message.value || "Hello"});
		return send("POST", "code", {request, endpoint});
	};
	const {value, error} = ui.useLoaded(write, [asked, useValue(settings), column.model, useValue(message)]);
	return html`<div class="view"><${ui.Tabs} label="Language" tabs=${LANGUAGES} current=${language} pick=${pick} />
		${ui.problem(error)}
		${value && !error && html`<${ui.Code} tall label=${language} text=${value[language]} />`}</div>`;
}
