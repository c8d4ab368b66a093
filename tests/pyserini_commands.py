"""Commands of Pyserini, unmodified, one after the other in one process: one start of Java for all of them."""

# Reads commands.json: lists of name, module and arguments. Each leaves its status and what it printed in `results`.
RUN_COMMANDS = """
import contextlib, io, json, os, runpy, sys
from pyserini_ltre.plugin import hook
hook.install()
os.environ["PYSERINI_LTRE_STRICT"] = "1"
key = os.environ.pop("OPENAI_API_KEY", None)
results = {}

def run(name, module, *arguments):
    sys.argv, sys.orig_argv = ["-m", *arguments], ["python", "-m", module, *arguments]
    out, err = io.StringIO(), io.StringIO()
    status = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        except SystemExit as end:
            status = end.code or 0
    sys.argv = ["-c"]
    results[name] = {"status": status, "out": out.getvalue(), "err": err.getvalue()}

for command in json.load(open("commands.json")):
    run(*command)
"""
