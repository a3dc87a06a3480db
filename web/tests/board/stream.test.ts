import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { EventReader } from "../../src/board/sse";
import { follow, pauseOf, type Follower } from "../../src/board/stream";
import type { TallySnapshot } from "../../src/lib/views";

const QUICK = { silenceS: 0.05, pause: () => 0.001 };
const servers: Server[] = [];

beforeEach(() => {
  // what a window has: told when the device is connected again
  vi.stubGlobal("addEventListener", () => undefined);
  vi.stubGlobal("removeEventListener", () => undefined);
});

afterEach(() => {
  vi.unstubAllGlobals();
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

describe("events", () => {
  it("are given when they are complete, however they are cut", () => {
    const reader = new EventReader();
    const text = 'retry: 3000\n\n: still here\n\nid: 4\ndata: {"size":4}\n\ndata: {"size":5}\n\n';
    expect([...text].flatMap((char) => reader.push(char))).toEqual([
      { comment: "still here" },
      { data: '{"size":4}' },
      { data: '{"size":5}' },
    ]);
  });
});

describe("following", () => {
  it("connects again after the end of a stream, and after a refusal", async () => {
    const answers = [ending('data: {"size":1}\n\n'), refusing(503), ending('data: {"size":2}\n\n')];
    const seen = await followed(answers, 2);
    expect(seen.sizes).toEqual([1, 2]);
    expect(seen.lost).toEqual([undefined, 503]);
  });

  it("shows only the newest of what arrives at once", async () => {
    const seen = await followed([ending('data: {"size":1}\n\ndata: {"size":2}\n\n')], 1);
    expect(seen.sizes).toEqual([2]);
  });

  it("leaves a connection on which nothing comes any more", async () => {
    const silent: Answer = (response) => void response.write(": still here\n\n");
    const seen = await followed([silent, ending('data: {"size":7}\n\n')], 1);
    expect(seen.sizes).toEqual([7]);
  });

  it("takes something unreadable for a lost connection", async () => {
    const seen = await followed([ending("data: {\n\n"), ending('data: {"size":3}\n\n')], 1);
    expect(seen.sizes).toEqual([3]);
  });

  it("learns from each connection how far the clock is off", async () => {
    const at = (ms: number) => `retry: 1\n: clock ${new Date(Date.now() + ms).toISOString()}\n\n`;
    const event = 'data: {"size":1,"time":"2020-01-01T00:00:00Z"}\n\n';
    const { off } = await followed([ending(at(-3_600_000) + event), ending(at(0) + event)], 2);
    expect(off.map((one) => Math.round(one / 60_000))).toEqual([-60, 0]);
  });

  it("pauses longer and longer, and never all at once", () => {
    const pauses = Array.from({ length: 200 }, () => pauseOf(4));
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(4);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(8);
    expect(new Set(pauses).size).toBeGreaterThan(100);
    expect(pauseOf(50)).toBeLessThanOrEqual(20);
  });
});

type Answer = (response: ServerResponse) => void;

function ending(text: string): Answer {
  return (response) => void response.end(text);
}

function refusing(status: number): Answer {
  return (response) => {
    response.statusCode = status;
    response.end();
  };
}

/** What a follower is told by these answers, one for each connection, up to so many snapshots. */
async function followed(answers: Answer[], until: number) {
  const server = createServer((_request, response) => answers.shift()?.(response));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = new AbortController();
  const seen = { sizes: [] as number[], lost: [] as (number | undefined)[], off: [] as number[] };
  const follower: Follower = {
    heard: () => undefined,
    clockOff: (off) => void seen.off.push(off),
    snapshot: (snapshot: TallySnapshot) => {
      seen.sizes.push(snapshot.size);
      if (seen.sizes.length === until) stop.abort();
    },
    lost: (status) => void seen.lost.push(status),
  };
  const { port } = server.address() as AddressInfo;
  await follow(`http://127.0.0.1:${port}/`, follower, stop.signal, QUICK);
  return seen;
}
