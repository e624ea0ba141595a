"""One run: request, plan, context, folder and runner."""
