"""The embedded Assistants runtime: records, the state table, the store, the turn loop."""
