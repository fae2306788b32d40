// Asks for 30 zod schemas, by zodResponseFormat or zodFunction; prints a line of JSON for each.
const OpenAI = require("openai");
const { zodResponseFormat, zodFunction } = require("openai/helpers/zod");
const { z } = require("zod");

const point = z.object({ x: z.number(), y: z.number() });
const cat = z.object({ kind: z.literal("cat"), lives: z.number().int() });
const dog = z.object({ kind: z.literal("dog"), good: z.boolean() });
const tree = z.object({ value: z.number(), children: z.lazy(() => z.array(tree)) });
const person = z.object({ name: z.string(), age: z.number().int(), email: z.string().email().nullable() });
const address = z.object({ street: z.string(), city: z.string(), zip: z.string().regex(/^\d{5}$/) });

const SCHEMAS = {
  user: z.object({ name: z.string(), age: z.number() }),
  person,
  address,
  customer: z.object({ id: z.string().uuid(), person, address, tags: z.array(z.string()) }),
  sentiment: z.object({ label: z.enum(["positive", "negative", "neutral"]), confidence: z.number() }),
  bounded: z.object({ score: z.number().int().min(1).max(10), share: z.number().gte(0).lte(1) }),
  positive: z.object({ amount: z.number().positive(), count: z.number().int().nonnegative() }),
  multiple: z.object({ even: z.number().multipleOf(2) }),
  literal: z.object({ type: z.literal("event"), version: z.literal(2) }),
  nullable: z.object({ nickname: z.string().nullable(), rank: z.number().nullable() }),
  union: z.object({ value: z.union([z.string(), z.number(), z.boolean()]) }),
  discriminated: z.object({ pet: z.discriminatedUnion("kind", [cat, dog]) }),
  zoo: z.object({ animals: z.array(z.discriminatedUnion("kind", [cat, dog])) }),
  tree,
  list: z.object({ items: z.array(z.string()).min(2).max(5) }),
  polygon: z.object({ points: z.array(point).min(3), label: z.string().nullable() }),
  dates: z.object({ at: z.string().datetime(), on: z.string().date() }),
  link: z.object({ url: z.string().url(), title: z.string() }),
  lengths: z.object({ code: z.string().min(3).max(6), bio: z.string().max(200) }),
  pattern: z.object({ sku: z.string().regex(/^[A-Z]{3}-\d{4}$/) }),
  flags: z.object({ active: z.boolean(), archived: z.boolean() }),
  matrix: z.object({ rows: z.array(z.array(z.number())) }),
  nested: z.object({ a: z.object({ b: z.object({ c: z.object({ d: z.string() }) }) }) }),
  described: z.object({ city: z.string().describe("The city"), days: z.number().int().describe("How many days") }),
  recipe: z.object({ name: z.string(), ingredients: z.array(z.object({ item: z.string(), grams: z.number() })) }),
  steps: z.object({ steps: z.array(z.object({ explanation: z.string(), output: z.string() })), final_answer: z.string() }),
  plan: z.object({ actions: z.array(z.enum(["search", "read", "stop"])).min(1), done: z.boolean() }),
  graph: z.object({ nodes: z.array(z.string()), edges: z.array(z.object({ from: z.string(), to: z.string() })) }),
  native: z.object({ level: z.nativeEnum({ Low: "low", High: "high" }) }),
  mail: z.object({ from: z.email(), to: z.array(z.email()).min(1).max(3), subject: z.string() }),
  keys: z.object({ ulid: z.ulid(), uuid: z.uuid(), nano: z.nanoid(), cuid: z.cuid2() }),
  hosts: z.object({ v4: z.ipv4(), v6: z.ipv6(), net: z.cidrv4() }),
  words: z.object({ first: z.string().regex(/^[^aeiou]+$/), second: z.string().regex(/^[A-Z]{2}\d{2}$/) }),
  token: z.object({ jwt: z.jwt() }),
  times: z.object({ at: z.iso.datetime(), on: z.iso.date(), clock: z.iso.time(), took: z.iso.duration() }),
  phone: z.object({ number: z.e164(), country: z.string().length(2) }),
  whole: z.object({ small: z.int32(), ratio: z.float32(), count: z.number().int().min(1).max(9) }),
  catalog: z.object({ products: z.array(z.object({ sku: z.string(), price: z.number().positive() })).min(1) }),
  emoji: z.object({ reaction: z.emoji(), note: z.string().nullable() }),
  either: z.object({ result: z.union([person, z.object({ error: z.string() })]) }),
};

const client = new OpenAI({ baseURL: process.env.BASE, apiKey: "akml-0123456789abcdef", maxRetries: 0 });
const parse = (client.chat.completions.parse ?? client.beta.chat.completions.parse).bind(
  client.chat.completions.parse ? client.chat.completions : client.beta.chat.completions,
);
const model = "meta-llama/Llama-3.3-70B-Instruct";
const messages = [{ role: "user", content: "Extract what this says: Ada Lovelace, 36, of London." }];

async function ask(name, schema) {
  if (process.argv[2] === "format") {
    const answer = await parse({ model, messages, response_format: zodResponseFormat(schema, name) });
    return answer.choices[0].message.parsed;
  }
  const tool_choice = { type: "function", function: { name } };
  const answer = await parse({ model, messages, tools: [zodFunction({ name, parameters: schema })], tool_choice });
  return answer.choices[0].message.tool_calls[0].function.parsed_arguments;
}

(async () => {
  for (const [name, schema] of Object.entries(SCHEMAS)) {
    try {
      console.log(JSON.stringify({ name, value: schema.parse(await ask(name, schema)) }));
    } catch (error) {
      console.log(JSON.stringify({ name, error: String(error).slice(0, 300) }));
    }
  }
})();
