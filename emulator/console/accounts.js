// One key's account: its limits, its credits, and the ledger of what was paid.

import {get, query, send} from "./api.js";
import {attempt, button, day, facts, Field, Form, html, link, money, problem, Select, table, time} from "./ui.js";
import {useLoaded, useState} from "./ui.js";

export function Account({name, changed}) {
	const of = query({key: name});
	const {value, error, again} = useLoaded(() => Promise.all([get("account" + of), get("ledger" + of)]), [name]);
	if (!value) return problem(error);
	const [{credits, policy, rate_limit: left, in_flight: running}, ledger] = value;
	const auto = credits?.auto_top_up;
	const trials = credits?.trials.map(each => `${money(each.left)} until ${each.expires.slice(0, 10)}`);
	const rows = ledger.entries.slice(-200).reverse().map(each => [
		`${day(each.time)} ${time(each.time)}`,
		each.kind,
		money(each.amount),
		money(each.balance),
		html`${each.note} ${each.inference_id && link("inference", "inferences", each.inference_id)}`,
	]);
	return html`<section class="account"><h2 class="mono">${name}</h2>
		${facts([
			["Balance", credits ? money(credits.balance) : "without end"],
			["Purchased", credits && money(credits.purchased)],
			["Trials", trials && (trials.join(", ") || "none")],
			["Auto top-up", credits && (auto ? `${money(auto.add)} below ${money(auto.below)}` : "off")],
			["Requests per minute", policy.requests_per_minute ?? "no limit"],
			["Tokens per minute", policy.tokens_per_minute ?? "no limit"],
			["At a time", `${policy.concurrency ?? "no limit"}, ${running} now`],
			...Object.entries(left),
		])}
		<${Change} name=${name} changed=${() => again(changed())} auto=${auto} />
		${rows.length > 0 && table(["Time", "Kind", "#Amount", "#Balance", "Note"], rows)}</section>`;
}

/** What can be done to credits: the label, and the fields [name, label, what it begins with]. */
const ACTIONS = {
	purchase: ["Top up", ["purchase", "Amount", "5.00 USD"]],
	trial: ["Grant a trial", ["amount", "Amount", "1.00 USD"], ["expires", "Expires", "2030-01-01"]],
	auto_top_up: ["Top up automatically", ["below", "When below", "1.00 USD"], ["add", "Add", "5.00 USD"]],
	take: ["Take away", ["take", "Amount", "1.00 USD"]],
};

function Change({name, changed, auto}) {
	const [action, pick] = useState("purchase");
	const [label, ...fields] = ACTIONS[action];
	const put = (change, done) =>
		attempt(async () => changed(await send("POST", "credits", {key: name, ...change})), done);
	const act = given => put(action in given ? given : {[action]: given}, `${label}: done`);
	const off = () => put({auto_top_up: null}, "Auto top-up is off.");
	const labels = Object.entries(ACTIONS).map(([id, [label]]) => [id, label]);
	return html`<div class="row-fields">
		<${Field} label="Change the credits"><${Select} of=${labels} value=${action} pick=${pick} /><//>
		<${Form} key=${action} act=${act}
			fields=${fields.map(([id, label, defaultValue]) => [id, label, {class: "mono", defaultValue}])}>
			<button>${label}</button>
			${auto && button("Switch auto top-up off", off, "")}<//></div>`;
}
