// Reads lines of {"name", "schema", "value"}; prints a line of JSON for each value that Ajv 8 refuses.
const lines = require("fs").readFileSync(0, "utf8").split("\n").filter(Boolean);
const formats = require("ajv-formats");

const DRAFT_4 = require("ajv-draft-04");
const DRAFT_7 = require("ajv");
const DRAFT_2019 = require("ajv/dist/2019");
const DRAFT_2020 = require("ajv/dist/2020");
const DRAFT_6 = require("ajv/dist/refs/json-schema-draft-06.json");

function validator(dialect) {
  const draft = dialect.includes("draft-04") ? DRAFT_4
    : dialect.includes("draft-0") ? DRAFT_7
    : dialect.includes("2019-09") ? DRAFT_2019
    : DRAFT_2020;
  const ajv = new draft.default({ strict: false, logger: false });
  formats(ajv);
  if (dialect.includes("draft-06")) ajv.addMetaSchema(DRAFT_6);
  return ajv;
}

for (const line of lines) {
  const { name, schema, value } = JSON.parse(line);
  let valid;
  try {
    valid = validator(schema.$schema || "").compile(schema);
  } catch (error) {
    console.log(JSON.stringify({ name, unread: error.message }));
    continue;
  }
  if (!valid(value)) console.log(JSON.stringify({ name, errors: valid.errors }));
}
