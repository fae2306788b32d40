// The records of inferences as they come: a list, newest first, loaded page by page.

import {address, get, query} from "./api.js";
import {signal} from "./ui.js";

const PAGE = 500;
/** The filters that the address and the search field know. */
const FILTERS = "text status outcome model key scenario rule endpoint namespace since until".split(" ");

/** Call something at most once in so many milliseconds, and at the end. */
function throttled(action, pause) {
	let timer = 0;
	let wanted = false;
	const run = () => {
		timer = 0;
		if (!wanted) return;
		wanted = false;
		action();
		timer = setTimeout(run, pause);
	};
	return () => {
		wanted = true;
		if (!timer) run();
	};
}

/** One list of records that pass some filters. `changed` is told of every change. */
export class Records {
	list = [];
	lengths = new Map();
	changed = signal(0);
	loading = true;
	next = null;
	forgotten = 0;
	_tell = throttled(() => this.changed.value++, 60);
	_count = throttled(async () => {
		this.usage = await get("usage" + query({buckets: 60, ...this.filters})).catch(() => null);
		this._tell();
	}, 1500);

	constructor(filters) {
		this.filters = filters;
	}

	start() {
		let again;
		let stop = () => source.close();
		const source = new EventSource(address("inferences" + query({follow: "live", ...this.filters})));
		source.onopen = () => {
			this.live = true;
			this.load();
		};
		source.onerror = () => {
			this.live = false;
			this._tell();
			if (source.readyState < EventSource.CLOSED) return;
			this.load();
			again = setTimeout(() => (stop = this.start()), 3000);
		};
		for (const name of ["start", "end"]) source.addEventListener(name, ({data}) => this._put(JSON.parse(data)));
		source.addEventListener("progress", ({data}) => {
			const {number, length} = JSON.parse(data);
			this.lengths.set(number, length);
			this._tell();
		});
		source.addEventListener("reset", () => this.load());
		return () => {
			clearTimeout(again);
			stop();
		};
	}

	_page(before) {
		return get("inferences" + query({order: "newest", limit: PAGE, before, ...this.filters}));
	}

	async load() {
		const came = (this._came = []);
		try {
			const page = await this._page();
			if (came !== this._came) return;
			Object.assign(this, {list: page.inferences, next: page.next, forgotten: page.forgotten, error: null});
		} catch (error) {
			Object.assign(this, {list: [], error});
		}
		this._came = null;
		this.loading = false;
		for (const record of came) this._put(record);
		this.changed.value++;
		this._count();
	}

	/** Load the next page of older records, once at a time. */
	more() {
		if (this.next == null) return undefined;
		return (this._more ??= this._older().finally(() => (this._more = null)));
	}

	async _older() {
		const {list} = this;
		const page = await this._page(this.next).catch(() => ({inferences: [], next: null}));
		if (list !== this.list) return;
		list.push(...page.inferences);
		this.next = page.next;
		this.changed.value++;
	}

	/** Put a record in its place, again if the list is loaded meanwhile. */
	_put(record) {
		this._came?.push(record);
		const {list} = this;
		const at = list.findIndex(each => each.number <= record.number);
		const same = list[at]?.number === record.number;
		list.splice(at < 0 ? list.length : at, Number(same), record);
		this._tell();
		this._count();
	}
}

/** The filters in a search such as `status:429 model:*GLM* sunny`. */
export function filtersOf(search) {
	const found = {};
	const words = search.replace(/(\w+):(?:"([^"]*)"|(\S+))/g, (whole, name, quoted, plain) => {
		if (!FILTERS.includes(name)) return whole;
		found[name] = quoted ?? plain;
		return "";
	});
	const text = words.trim().replace(/\s+/g, " ");
	return text ? {...found, text} : found;
}

/** The search that has these filters. */
export function searched({text = "", ...filters}) {
	const quoted = value => (/\s/.test(value) ? `"${value}"` : value);
	return [...Object.entries(filters).map(([name, value]) => `${name}:${quoted(value)}`), text].join(" ").trim();
}

/** The filters among the values of an address. */
export const chosen = values =>
	Object.fromEntries(FILTERS.filter(name => values[name]).map(name => [name, values[name]]));
