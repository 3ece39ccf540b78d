import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ZmtpSplitter, topicOf } from './net_zmtp.mjs';

const greeting = Buffer.alloc(64, 0x7f);
const short = (flags, text) => Buffer.concat([Buffer.from([flags, text.length]), Buffer.from(text)]);
const long = (flags, length) => {
  const head = Buffer.alloc(9);
  head[0] = flags | 2;
  head.writeBigUInt64BE(BigInt(length), 1);
  return Buffer.concat([head, Buffer.alloc(length, 0x61)]);
};
const command = short(4, '\x04PING');
const event = Buffer.concat([short(1, 'r1'), short(1, 'envelope'), long(0, 300)]);
const stream = Buffer.concat([greeting, command, event, short(0, 'alone'), long(4, 256), event]);
const wanted = [command, event, short(0, 'alone'), long(4, 256), event];

function split(chunks) {
  const splitter = new ZmtpSplitter();
  return chunks.flatMap((chunk) => splitter.push(chunk));
}

const chunksOf = (size) => Array.from({ length: Math.ceil(stream.length / size) }, (_, i) => stream.subarray(i * size, (i + 1) * size));

test('messages stay whole and commands are told from them, however the stream is cut', () => {
  for (const size of [1, 2, 7, 63, 64, 65, 100, 1000, stream.length]) {
    const pieces = split(chunksOf(size));
    const behind = pieces.filter((_, i) => pieces.slice(0, i).reduce((sum, { bytes }) => sum + bytes.length, 0) >= greeting.length);
    assert.deepEqual(
      behind.map(({ bytes }) => bytes),
      wanted,
      `in chunks of ${size}`,
    );
    assert.deepEqual(
      behind.map(({ isMessage }) => isMessage),
      [false, true, true, false, true],
    );
  }
});

test('a part of a greeting is not held back', () => {
  const pieces = split([greeting.subarray(0, 11)]);
  assert.deepEqual(pieces, [{ bytes: greeting.subarray(0, 11), isMessage: false }]);
});

test('what claims to be too long is passed on as it comes', () => {
  const head = long(0, 1).subarray(0, 9);
  head.writeBigUInt64BE(1n << 40n, 1);
  const flood = Buffer.alloc(5 * 1024 * 1024);
  const pieces = split([greeting, head, flood, command]);
  assert.equal(
    pieces.reduce((sum, { bytes }) => sum + bytes.length, 0),
    greeting.length + head.length + flood.length + command.length,
  );
  assert.ok(pieces.every(({ isMessage }) => !isMessage));
});

test('the topic of an event is its first frame, short or long', () => {
  assert.equal(topicOf(Buffer.concat([Buffer.from([1, 1]), Buffer.from('a'), Buffer.from([0, 2, 7, 7])])), 'a');
  assert.equal(topicOf(Buffer.concat([Buffer.from([3, 0, 0, 0, 0, 0, 0, 0, 2]), Buffer.from('r7'), Buffer.from([0, 0])])), 'r7');
});
