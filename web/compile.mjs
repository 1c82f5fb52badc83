// Compile the modules in archives with the Python that will run them: node compile.mjs FOLDER, for FOLDER/*.zip, in place.
// So the page need not do it each time that it is opened.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadPyodide } from "pyodide";

const COMPILE = `
import importlib.util, io, marshal, zipfile

UNCHECKED = (1).to_bytes(4, "little")  # PEP 552: the source is not there to be compared with

def compiled(archive):
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as source, zipfile.ZipFile(out, "w") as target:
        for entry in sorted(source.infolist(), key=lambda entry: entry.filename):
            data = source.read(entry)
            if entry.filename.endswith(".py"):
                code = compile(data, entry.filename, "exec", dont_inherit=True, optimize=0)
                data = importlib.util.MAGIC_NUMBER + UNCHECKED + importlib.util.source_hash(data) + marshal.dumps(code)
                entry.filename += "c"
            target.writestr(zipfile.ZipInfo(entry.filename, entry.date_time), data, zipfile.ZIP_STORED)
    return out.getvalue()
`;
const folder = process.argv[2];
const pyodide = await loadPyodide();
pyodide.runPython(COMPILE);
for (const name of readdirSync(folder).filter(name => name.endsWith(".zip"))) {
  const made = pyodide.globals.get("compiled")(pyodide.toPy(new Uint8Array(readFileSync(join(folder, name)))));
  writeFileSync(join(folder, name), made.toJs());
}
