"""What operations do, one module each: `run(engine, request, report)`."""
