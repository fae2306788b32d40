"""The keys of the scenario language, as tables of readers, and the JSON Schema that is made of them."""
