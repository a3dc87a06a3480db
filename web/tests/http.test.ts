import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { afterEach, describe, expect, it } from "vitest";

import { BadAnswer, CannotReach, Refused, request, requestJson } from "../src/lib/http";

const servers: Server[] = [];

/** A server that gives these answers one after the other, the last one again and again. */
async function serving(
  ...answers: readonly (readonly [number, string, Record<string, string>?] | "hang up")[]
): Promise<{ url: string; asked: () => number }> {
  let asked = 0;
  const server = createServer((_request, response) => {
    const answer = answers[Math.min(asked, answers.length - 1)];
    asked += 1;
    if (!answer || answer === "hang up") {
      response.destroy();
      return;
    }
    const [status, body, headers] = answer;
    response.writeHead(status, headers);
    response.end(body);
  });
  servers.push(server);
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, asked: () => asked };
}

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const problem = JSON.stringify({ type: "urn:huimin:problem:not-open", title: "Not open" });

describe("a request", () => {
  it("is made again after a lost answer and after a 503", async () => {
    const { url, asked } = await serving("hang up", [503, "{}"], [200, '{"a":1}']);
    expect(await requestJson(url)).toEqual({ a: 1 });
    expect(asked()).toBe(3);
  });

  it("tells of each pause", async () => {
    const { url } = await serving([503, "{}"], [200, "{}"]);
    const attempts: number[] = [];
    await request(url, { onWait: ({ attempt }) => attempts.push(attempt) });
    expect(attempts).toEqual([1]);
  });

  it("is refused by a 4xx at once, with the problem's name", async () => {
    const { url, asked } = await serving([409, problem]);
    const error: unknown = await request(url).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Refused);
    expect((error as Refused).slug).toBe("not-open");
    expect(asked()).toBe(1);
  });

  it("is refused by a 429 that asks for a long pause", async () => {
    const { url, asked } = await serving([429, problem, { "Retry-After": "600" }]);
    await expect(request(url)).rejects.toThrow(Refused);
    expect(asked()).toBe(1);
  });

  it("leaves a long pause that a 503 asks for to whoever asked", async () => {
    const { url, asked } = await serving([503, problem, { "Retry-After": "60" }]);
    const error: unknown = await request(url).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "CannotReach", sent: false, retryAfterS: 60 });
    expect(asked()).toBe(1);
  });

  it("gives up after as many attempts as it has", async () => {
    const { url, asked } = await serving("hang up");
    const error: unknown = await request(url, { attempts: 2 }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CannotReach);
    expect((error as CannotReach).sent).toBe(true);
    expect(asked()).toBe(2);
  });

  it("was not carried out when the last answer is a 503", async () => {
    const { url } = await serving([503, "{}"]);
    const error: unknown = await request(url, { attempts: 1 }).catch((thrown: unknown) => thrown);
    expect((error as CannotReach).sent).toBe(false);
  });

  it("ends when it is called off", async () => {
    const { url } = await serving([503, "{}", { "Retry-After": "5" }]);
    const off = new AbortController();
    const waiting = request(url, { signal: off.signal, onWait: () => off.abort(new Error("off")) });
    await expect(waiting).rejects.toThrow("off");
  });

  it("is not answered by what is no JSON", async () => {
    const { url } = await serving([200, "<html>"]);
    await expect(requestJson(url)).rejects.toThrow(BadAnswer);
  });
});
