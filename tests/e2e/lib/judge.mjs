// judge - decides from the clients' own logs and the rooms' final history whether anything acknowledged was lost, doubled or
// reordered. It trusts the server in nothing: bodies are compared with what was sent.

// logs: arrays of notes of lib/client.mjs; history: Map room -> items in rising seq; members: Map room -> client names that must have all.
export function judge({ logs, history, members }) {
  const faults = [];
  const fault = (kind, detail) => faults.push({ kind, ...detail });
  const sent = new Map(); // send_id -> { room, body, client, order }
  const acked = new Map(); // send_id -> seq
  let order = 0;
  for (const log of logs) {
    for (const note of log) {
      if (note.op === 'invoke') sent.set(note.send_id, { room: note.room, body: note.body, client: note.client, order: order++ });
      if (note.op === 'unrecovered') fault('unrecovered', note);
      if (note.op !== 'ok') continue;
      const before = acked.get(note.send_id);
      if (before !== undefined && before !== note.seq) fault('two answers', { note, before });
      acked.set(note.send_id, note.seq);
    }
  }
  for (const [room, items] of history) {
    const seen = new Map();
    items.forEach((item, index) => {
      if (item.seq !== index + 1) fault('hole in history', { room, seq: item.seq, expected: index + 1 });
      if (!item.send_id) return;
      if (seen.has(item.send_id)) fault('doubled in history', { room, seq: item.seq, first: seen.get(item.send_id) });
      seen.set(item.send_id, item.seq);
      const origin = sent.get(item.send_id);
      if (!origin || origin.room !== room || origin.body !== item.body) fault('never sent', { room, seq: item.seq });
    });
    for (const [sendId, seq] of acked) {
      if (sent.get(sendId).room === room && seen.get(sendId) !== seq) fault('acknowledged but lost', { room, sendId, seq });
    }
    const last = new Map(); // client -> order of its last acknowledged message
    for (const item of items) {
      const origin = item.send_id && acked.has(item.send_id) && sent.get(item.send_id);
      if (!origin) continue;
      if ((last.get(origin.client) ?? -1) > origin.order) fault('out of order', { room, seq: item.seq });
      last.set(origin.client, origin.order);
    }
    for (const log of logs) {
      const client = log.find((note) => note.client)?.client;
      if (!members.get(room)?.includes(client)) continue;
      let expected = null;
      for (const note of log) {
        if (note.op !== 'recv' || note.room !== room) continue;
        if (expected !== null && note.seq < expected) fault('delivered twice', { room, client, seq: note.seq });
        if (expected !== null && note.seq > expected) fault('delivered with a hole', { room, client, seq: note.seq, expected });
        const item = items[note.seq - 1];
        if (!item || (item.send_id ?? undefined) !== note.send_id || (item.body ?? undefined) !== note.body) fault('delivered otherwise', { room, client, seq: note.seq });
        expected = note.seq + 1;
      }
      if (expected !== items.length + 1) fault('not delivered to the end', { room, client, expected, head: items.length });
    }
  }
  return { sent: sent.size, acked: acked.size, faults };
}
