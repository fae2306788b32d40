// Settings: the clock, keys, accounts with credits and ledgers, usage, and the settings of the server.

import {address, get, path, query, send} from "./api.js";
import {Usage} from "./charts.js";
import * as ui from "./ui.js";
import {attempt, Code, Form, go, href, html, problem, quiet, Sure, table, tag, useLoaded} from "./ui.js";

const TABS = {
	clock: ["Clock", null, () => html`<${Clock} />`],
	keys: ["Keys", null, () => html`<${Keys} />`],
	accounts: ["Accounts", null, () => html`<${Accounts} />`],
	usage: ["Usage", null, () => html`<${UsageTab} />`],
	server: ["Server", null, () => html`<${Server} />`],
};

export default function Settings() {
	const {id} = ui.useValue(ui.route);
	return html`<div class="page"><h1>Settings</h1>
		<${ui.Tabbed} label="Settings" tabs=${TABS} current=${Object.hasOwn(TABS, id) ? id : "clock"}
			pick=${id => go("settings", id, {}, true)} /></div>`;
}

function Clock() {
	const {value, error, again} = useLoaded(() => get("clock"));
	if (!value) return problem(error);
	const frozen = value.mode === "frozen";
	const move = (change, done) => attempt(async () => again(await send("POST", "clock", change)), done);
	const advance = by => move({advance: by}, `Advanced by ${by}.`);
	const button = (label, change, done, kind) => ui.button(label, () => move(change, done), kind);
	return html`<p class="clock"><time class="mono">${value.now}</time>
			${" "}${tag(frozen ? "frozen" : value.rate === 1 ? "running" : `running ×${value.rate}`, frozen ? "cut" : "ok")}
			${quiet("Look again", again)}</p>
		<p class="muted">Waits, limits, trials and expiries follow this clock. While it is frozen and advanced by hand, a
			${" "}test waits for nothing.</p>
		<div class="row-fields">
			${frozen
				? button("Run", {run: true}, "The clock runs.", "main")
				: button("Freeze", {freeze: true}, "The clock is frozen.", "main")}
			${["x10", "x60", "x3600"].map(rate => button(rate, {rate}, `The clock runs ${rate}.`))}</div>
		<${Form} act=${({by}) => advance(by)} fields=${[["by", "Advance by", {class: "mono", defaultValue: "60s"}]]}>
			<button>Advance</button>
			${["1s", "10s", "1m", "1h", "1d"].map(each => quiet("+" + each, () => advance(each)))}<//>
		<${Form} act=${({set}) => move({set}, `It is ${set}.`)}
			fields=${[["set", "Set to", {class: "mono", placeholder: value.now, required: true}]]}><button>Set</button><//>
		<${Code} label="command" text=${`curl -X POST ${address("clock")} -d '{"advance": "60s"}'`} />`;
}

const LIMITS = {
	requests_per_minute: "Requests per minute",
	tokens_per_minute: "Tokens per minute",
	concurrency: "Requests at a time",
};

/** The fields of a policy. */
const limits = policy => [
	...Object.entries(LIMITS).map(([name, label]) => [
		name,
		label,
		{type: "number", min: 1, placeholder: "no limit", defaultValue: policy[name]},
	]),
	["expires", "Expires", {placeholder: "2030-01-01", defaultValue: policy.expires}],
	["models", "Models", {placeholder: "all, or *GLM*", defaultValue: policy.models?.join(", ")}],
];

function policyOf(fields) {
	const read = (name, text) => (name in LIMITS ? Number(text) : name === "models" ? ui.words(text) : text);
	const given = Object.entries(fields).filter(([, text]) => text.trim());
	return Object.fromEntries(given.map(([name, text]) => [name, read(name, text)]));
}

function Keys() {
	const {value, error, again} = useLoaded(() => get("keys"));
	const [made, setMade] = ui.useState(null);
	const [edited, edit] = ui.useState(null);
	const act = (done, ...sent) =>
		attempt(async () => {
			const told = await send(...sent);
			if (told.key) setMade(told);
			edit(null);
			again();
		}, done);
	const create = async ({name, ...fields}, form) => {
		if (await act(undefined, "POST", "keys", {name, policy: policyOf(fields)})) form.reset();
	};
	if (!value) return problem(error);
	const row = ({id, name, shown, status, policy}) => {
		const of = path`keys/${id}`;
		const active = status === "active";
		const called = name || id;
		const cells = [
			called,
			html`<code>${shown}</code>`,
			tag(status, active ? "ok" : "bad"),
			...Object.keys(LIMITS).map(name => ui.number(policy[name])),
			policy.expires ?? "never",
			policy.models?.join(", ") ?? "all",
			active && html`${quiet("Limits", () => edit(edited === id ? null : id))}
				${" "}<${Sure} label="New secret" ask=${`Replace the secret of ${called}?`} kind="quiet"
					act=${() => act("A new secret", "POST", `${of}/regenerate`, {})} />
				${" "}<${Sure} label="Revoke" ask=${`Revoke ${called}?`} kind="quiet"
					act=${() => act(`Revoked: ${called}`, "DELETE", of)} />`,
		];
		if (edited !== id) return [cells];
		const save = fields => act(`Changed: ${called}`, "PUT", of, {policy: policyOf(fields)});
		return [cells, html`<tr><td colspan="9"><${Form} kind="grid-form" fields=${limits(policy)} act=${save}>
			<button class="main">Save</button><//></td></tr>`];
	};
	const head = ["Name", "Key", "Status", "#RPM", "#TPM", "#At a time", "Expires", "Models", "#"];
	return html`<${Form} kind="grid-form" fields=${[["name", "Name", {placeholder: "ci"}], ...limits({})]}
			act=${create}><button class="main">Create a key</button><//>
		${made && html`<div class="made" role="status">
			<p><b>${made.name || made.id}</b>: copy the key now, since it is not shown again.</p>
			<p><code>${made.key}</code> <${ui.Copy} text=${() => made.key} /></p>
			<${Code} label="command" text=${`export OPENAI_BASE_URL=${address("../v1")} OPENAI_API_KEY=${made.key}`} />
			</div>`}
		${value.keys.length > 0
			? table(head, value.keys.flatMap(row), "cards keys")
			: html`<p class="muted">No key was created yet. Any key that looks like one, such as <code>akml-mine</code>, is
				${" "}accepted, unless auth is strict.</p>`}`;
}

function Accounts() {
	const {value, error, again} = useLoaded(() => get("accounts"));
	const {key: chosen} = ui.useValue(ui.route).query;
	const show = ({key}) => key.trim() && go("settings", "accounts", {key: key.trim()});
	const rows = (value?.accounts ?? []).map(({key, secret, namespace, scenario, requests, charge, account, last}) => [
		html`<a class="mono" href=${secret
			? href("inferences", null, {namespace})
			: href("settings", "accounts", {key})}>${key || "none"}</a>`,
		scenario && ui.link(scenario, "scenarios", scenario),
		ui.number(requests),
		ui.money(charge),
		ui.money(account?.credits?.balance),
		`${ui.day(last)} ${ui.time(last)}`,
	]);
	return html`<${Form} key=${chosen} act=${show}
			fields=${[["key", "Key", {class: "mono", placeholder: "akml-…", defaultValue: chosen}]]}>
			<button class="main">Show</button><//>
		${problem(error)}
		${chosen && html`<${Account} key=${chosen} name=${chosen} changed=${again} />`}
		${rows.length > 0
			? table(["Key", "Scenario", "#Requests", "#Charged", "#Balance", "Last"], rows)
			: html`<p class="muted">No key has asked anything yet. Show any key to limit it or to give it credits.</p>`}`;
}

function Account({name, changed}) {
	const of = query({key: name});
	const {value, error, again} = useLoaded(() => Promise.all([get("account" + of), get("ledger" + of)]), [name]);
	if (!value) return problem(error);
	const [{credits, policy, rate_limit: left, in_flight: running}, ledger] = value;
	const auto = credits?.auto_top_up;
	const trials = credits?.trials.map(each => `${ui.money(each.left)} until ${each.expires.slice(0, 10)}`);
	const rows = ledger.entries.slice(-200).reverse().map(each => [
		`${ui.day(each.time)} ${ui.time(each.time)}`,
		each.kind,
		ui.money(each.amount),
		ui.money(each.balance),
		[each.note, each.inference_id && html` ${ui.link("inference", "inferences", each.inference_id)}`],
	]);
	return html`<section class="account"><h2 class="mono">${name}</h2>
		${ui.facts([
			["Balance", credits ? ui.money(credits.balance) : "without end"],
			["Purchased", credits && ui.money(credits.purchased)],
			["Trials", trials && (trials.join(", ") || "none")],
			["Auto top-up", credits && (auto ? `${ui.money(auto.add)} below ${ui.money(auto.below)}` : "off")],
			...Object.entries(LIMITS).map(([name, label]) => [label, policy[name] ?? "no limit"]),
			["Running", running],
			...Object.entries(left),
		])}
		<${Change} name=${name} changed=${() => again(changed())} auto=${auto} />
		${rows.length > 0 && table(["Time", "Kind", "#Amount", "#Balance", "Note"], rows)}</section>`;
}

/** What can be done to credits: the label, and the fields [name, label, value]. */
const ACTIONS = {
	purchase: ["Top up", ["purchase", "Amount", "5.00 USD"]],
	trial: ["Grant a trial", ["amount", "Amount", "1.00 USD"], ["expires", "Expires", "2030-01-01"]],
	auto_top_up: ["Top up automatically", ["below", "When below", "1.00 USD"], ["add", "Add", "5.00 USD"]],
	take: ["Take away", ["take", "Amount", "1.00 USD"]],
};

function Change({name, changed, auto}) {
	const [action, pick] = ui.useState("purchase");
	const [label, ...fields] = ACTIONS[action];
	const put = (change, done) =>
		attempt(async () => changed(await send("POST", "credits", {key: name, ...change})), done);
	const act = given => put(action in given ? given : {[action]: given}, `${label}: done`);
	const off = () => put({auto_top_up: null}, "Auto top-up is off.");
	return html`<div class="row-fields">
		<${ui.Field} label="Change the credits"><${ui.Select} of=${Object.entries(ACTIONS)} value=${action}
			pick=${pick} /><//>
		<${Form} key=${action} act=${act}
			fields=${fields.map(([id, label, defaultValue]) => [id, label, {class: "mono", defaultValue}])}>
			<button>${label}</button>
			${auto && ui.button("Switch auto top-up off", off, "")}<//></div>`;
}

function UsageTab() {
	const {key} = ui.useValue(ui.route).query;
	const {value, error} = useLoaded(() => get("usage" + query({buckets: 60, key})), [key]);
	if (!value) return problem(error);
	const used = value.buckets.some(({models}) => Object.keys(models).length);
	return html`<p class="muted">Tokens by model, of the inferences that are remembered.</p>
		${used ? html`<${Usage} usage=${value} />` : html`<p>Nothing was asked yet.</p>`}`;
}

const written = value =>
	(Array.isArray(value) ? value.join(", ") : typeof value === "string" ? value : JSON.stringify(value)) || "–";

function Server() {
	const {value, error} = useLoaded(() => Promise.all([get("settings"), get("health")]));
	const reset = () => attempt(() => send("POST", "reset", {}), "Everything that happened was forgotten.");
	if (!value) return problem(error);
	const [{settings}, {version}] = value;
	const rows = settings.map(({name, value, default: usual, meaning, expected}) => {
		const text = written(value);
		return [
			html`<code>${name}</code>`,
			html`<code>${text === written(usual) ? text : html`<b>${text}</b>`}</code>`,
			html`${meaning} <small class="muted">${expected}</small>`,
		];
	});
	return html`<div class="page-head">
		<p>Version ${version}. The settings are fixed when the server starts: <code>serve --set name=value</code>.
			${" "}<a href="openapi.json">The routes as OpenAPI</a></p>
			<${Sure} label="Forget all that happened" act=${reset} /></div>
		${table(["Setting", "Value", "Meaning"], rows, "cards settings")}`;
}
