// The records of inferences as they come: a list, newest first, which is loaded page by page and kept up to date.

import { signal } from "./vendor/preact-signals.js";
import { address, get, query } from "./api.js";
import { throttled } from "./ui.js";

const PAGE = 500;
/** The filters that the address and the search field know. */
const FILTERS = [
  "text",
  "status",
  "outcome",
  "model",
  "key",
  "scenario",
  "rule",
  "endpoint",
  "namespace",
  "since",
];

/** One list of records that pass some filters. */
export class Records {
  constructor(filters) {
    this.filters = filters;
    this.list = [];
    this.lengths = new Map();
    this.changed = signal(0);
    this.usage = signal(null);
    this.error = signal(null);
    this.loading = signal(true);
    this.live = signal(false);
    this.next = null;
    this.forgotten = 0;
    this._tell = throttled(() => this.changed.value++, 60);
    this._count = throttled(() => this._usage(), 1500);
    this._ending = new Set();
  }

  start() {
    this._source = new EventSource(address("inferences" + query({ follow: "live", ...this.filters })));
    this._source.onopen = () => {
      this.live.value = true;
      this.load();
    };
    this._source.onerror = () => {
      this.live.value = false;
      if (this._source.readyState === EventSource.CLOSED) this.load();
    };
    for (const name of ["start", "end"]) this._source.addEventListener(name, ({ data }) => this._put(JSON.parse(data)));
    this._source.addEventListener("progress", ({ data }) => {
      const { number, length } = JSON.parse(data);
      this.lengths.set(number, length);
      this._tell();
    });
    this._source.addEventListener("reset", () => this.load());
    return () => this._source.close();
  }

  /** Call `told` when the record of this number has changed; returns what ends that. */
  onChange(told) {
    this._ending.add(told);
    return () => this._ending.delete(told);
  }

  async load() {
    this.loading.value = true;
    const came = (this._came = []);
    try {
      const page = await get("inferences" + query({ order: "newest", limit: PAGE, ...this.filters }));
      this.list = page.inferences;
      this.next = page.next;
      this.forgotten = page.forgotten;
      this.error.value = null;
    } catch (error) {
      this.error.value = error;
      this.list = [];
    }
    if (came !== this._came) return;
    this._came = null;
    this.loading.value = false;
    for (const record of came) this._put(record);
    this.changed.value++;
    this._usage();
  }

  async more() {
    if (this.next == null || this._more) return;
    this._more = true;
    try {
      const page = await get(
        "inferences" + query({ order: "newest", limit: PAGE, before: this.next, ...this.filters }),
      );
      this.list.push(...page.inferences);
      this.next = page.next;
      this.changed.value++;
    } catch {
      this.next = null;
    }
    this._more = false;
  }

  async _usage() {
    try {
      this.usage.value = await get("usage" + query({ buckets: 60, ...this.filters }));
    } catch {
      this.usage.value = null;
    }
  }

  /** Put a record in its place; what comes while the list is loaded is put again when that is done. */
  _put(record) {
    this._came?.push(record);
    const list = this.list;
    const at = list.findIndex((each) => each.number <= record.number);
    if (at < 0) list.push(record);
    else if (list[at].number === record.number) list[at] = record;
    else list.splice(at, 0, record);
    for (const told of this._ending) told(record);
    this._tell();
    this._count();
  }
}

/** The filters in a search such as `status:429 model:*GLM* sunny`. */
export function parsed(search) {
  const found = {};
  const words = search.replace(/(\w+):(?:"([^"]*)"|(\S+))/g, (whole, name, quoted, plain) => {
    if (!FILTERS.includes(name)) return whole;
    found[name] = quoted ?? plain;
    return "";
  });
  const text = words.trim().replace(/\s+/g, " ");
  return text ? { ...found, text } : found;
}

/** The search that has these filters. */
export function searched(filters) {
  const quoted = (value) => (/\s/.test(value) ? `"${value}"` : value);
  const names = FILTERS.filter((name) => name !== "text" && filters[name]).map(
    (name) => `${name}:${quoted(filters[name])}`,
  );
  return [...names, filters.text ?? ""].filter(Boolean).join(" ");
}

export function chosen(values) {
  return Object.fromEntries(FILTERS.filter((name) => values[name]).map((name) => [name, values[name]]));
}
