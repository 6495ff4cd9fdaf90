"""What the managed Python runtimes run around a handler. A package, so that no module of a function can clash with it."""
