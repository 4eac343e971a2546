// Judges lines {"schema": ..., "texts": [...]} of standard input by ajv with ajv-formats; a line of verdicts comes for each:
// true, false, or null where ajv cannot say. argv: the folder that holds node_modules.
const readline = require("readline");
const { createRequire } = require("module");
const wanted = createRequire(process.argv[2] + "/");
const addFormats = wanted("ajv-formats");
// Those of JSON Schema alone: ajv-formats knows more, of others.
const formats = ["date", "time", "date-time", "duration", "uri", "uri-reference", "uri-template", "email", "hostname", "ipv4", "ipv6", "uuid",
  "regex", "json-pointer", "relative-json-pointer"];

function started(name) {
  const ajv = new (wanted(name).default)({ strict: false, validateSchema: false, logger: false, addUsedSchema: false });
  addFormats.default(ajv, formats);
  return ajv;
}
const drafts = { "draft-06": started("ajv"), "draft-07": started("ajv"), "2019-09": started("ajv/dist/2019"), "2020-12": started("ajv/dist/2020") };
drafts["draft-06"].addMetaSchema(wanted("ajv/dist/refs/json-schema-draft-06.json"));

function finite(key, value) {
  if (value === Infinity || value === -Infinity) throw new Error("a number is too large for a double");
  return value;
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const { schema, texts } = JSON.parse(line);
  const named = (schema && schema.$schema) || "2020-12";
  const ajv = drafts[Object.keys(drafts).find((name) => named.includes(name))];
  let validate = null;
  try {
    validate = ajv && ajv.compile(schema);
  } catch (error) {
    validate = null; // a pattern or reference that ajv cannot read
  }
  const verdicts = texts.map((text) => {
    try {
      return validate && validate(JSON.parse(text, finite));
    } catch (error) {
      return null;
    }
  });
  if (ajv) ajv.removeSchema(schema);
  console.log(JSON.stringify(verdicts));
});
