"""Scenarios: YAML files that say how requests are answered.

A module imports only from those above it in this table:

| modules | what they do |
| ------- | ------------ |
| `names` | what a scenario can be called |
| `subject` | a request as conditions see it |
| `budget`, `fakes` | what templates may do; Faker, for templates |
| `template` | texts with variables |
| `types` | the parts of a scenario |
| `index` | finds the rules that match a request |
| `match`, `errors` | which conditions a request meets; what errors say |
| `reply` | what a rule replies to a request |
| `reading.surrogates`, `reading.quoting` | texts that the YAML parser refuses |
| `reading.mistakes`, `reading.nodes`, `reading.comments`, `reading.readers` | YAML, mistakes, and readers of values |
| `prices`, `filters`, `sandbox`, `compiler` | what templates can use, and what it costs; running and compiling them |
| `language.notes`, `language.foreign` | what readers share; hints at words of other tools |
| `language.timing`, `language.comparisons`, `language.lookups` | values that several keys have |
| `language.templates`, `language.errors`, `language.raw`, `language.choices`, `language.faults` | parts of a reply |
| `language.replies`, `language.criteria`, `language.conditions` | parts of a rule |
| `language.environment` | the account, the clock and the models |
| `language.scenarios` | the keys of a scenario |
| `language.checks`, `language.shadowing` | what can only be checked at the end |
| `language.schema` | the JSON Schema and the reference |
| `loader`, `writing` | from YAML to a scenario, and from data to YAML |
| `quick` | scenarios without a file: one text or one error for every request |
| `statuses`, `layers` | scenarios that need no file; the names in files |
| `library` | the scenarios that a server knows by name |
| `summaries` | what lists show of scenarios |
| `watch` | loads scenarios again when their files change |

`match` and `reply` know nothing of YAML, and `reading` knows nothing of scenarios. The package itself imports nothing,
so that a server without scenarios starts without it.
"""
