"use strict";
// Brings what Python needs: one packed file beside the page, or inside it.

const find = id => document.getElementById(id);
const manifest = JSON.parse(find("manifest").textContent);

const unpacked = async stream => new Uint8Array(await new Response(
  stream.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer());

const fromBase64 = text => {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const letters = atob(text), bytes = new Uint8Array(letters.length);
  for (let place = 0; place < bytes.length; place++) bytes[place] = letters.charCodeAt(place);
  return bytes;
};

// The stream of the packed file; `tell` is told the bytes that came.
const packed = async tell => {
  const inside = find("pack");
  if (inside) {
    const bytes = fromBase64(inside.textContent.trim());
    inside.remove();
    return new Blob([bytes]).stream();
  }
  const answer = await fetch(manifest.file);
  if (!answer.ok) throw new Error(`${manifest.file}: ${answer.status}`);
  let came = 0;
  return answer.body.pipeThrough(new TransformStream({
    transform(chunk, controller) {
      came += chunk.length;
      tell(came, manifest.packed);
      controller.enqueue(chunk);
    },
  }));
};

// Name -> bytes, of each part of the packed file.
const load = async tell => {
  const whole = await unpacked(await packed(tell));
  const parts = {};
  let begin = 0;
  for (const [name, size] of manifest.parts) {
    parts[name] = whole.slice(begin, begin + size);
    begin += size;
  }
  if (begin !== whole.length) throw new Error("the packed file has another length than it should have");
  return parts;
};

// From here on this page, and every worker that it starts, may make no request at all.
const closeTheDoor = () => {
  const policy = document.createElement("meta");
  policy.httpEquiv = "Content-Security-Policy";
  policy.content = "connect-src 'none'";
  document.head.append(policy);
};
