/** What somebody does who has the TypeScript package, a URL and a key. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { ApiError, Tenure, WebhookRejected, verifyWebhook } from "@tenure/client";

const client = new Tenure({ baseUrl: process.env.TENURE!, apiKey: process.env.KEY! });

const made = await client.accounts.create({
  name: "Northwind",
  external_id: "T-1",
  arr: 100_000,
  currency: "USD",
});
assert.equal(made.status, 201);
assert.ok(made.etag && made.requestId);

const listed = await client.accounts.list({ filter: 'name = "Northwind"', fields: "name" });
assert.equal(listed.data.data.length, 1);
assert.equal(listed.data.data[0]?.name, "Northwind");
assert.ok(!("arr" in listed.data.data[0]!));

const changed = await client.accounts.update(made.data.id, { arr: 200_000 }, { ifMatch: made.etag });
assert.equal(changed.data.arr, 200_000);
await assert.rejects(
  client.accounts.update(made.data.id, { arr: 1 }, { ifMatch: made.etag }),
  (error) => error instanceof ApiError && error.status === 412 && Boolean(error.requestId),
);

const numbers = [2, 3, 4, 5, 6];
const rows = numbers.map((each) => ({ external_id: `T-${each}`, name: `Branch ${each}` }));
const first = await client.accounts.upsert({ rows }, { idempotencyKey: "smoke" });
const again = await client.accounts.upsert({ rows }, { idempotencyKey: "smoke" });
assert.equal(first.data.created, 5);
assert.ok(!first.replayed && again.replayed);
assert.deepEqual(again.data, first.data);

const names: string[] = [];
for await (const each of client.accounts.listAll({ sort: "name", limit: 2 })) {
  names.push(each.name!);
}
assert.deepEqual(names, [...names].sort());
assert.equal(names.length, 6);
let found = 0;
for await (const _ of client.accounts.searchAll({ query: "branch", limit: 2 })) found += 1;
assert.equal(found, 5);
assert.ok((await client.accounts.export()).data.includes("Branch 2"));

await assert.rejects(
  client.accounts.create({ name: "" }),
  (error) =>
    error instanceof ApiError && error.status === 422 && error.errors[0]?.pointer === "/name",
);

const received: { body: string; headers: Record<string, string | string[] | undefined> }[] = [];
const server = createServer((request, response) => {
  let body = "";
  request.on("data", (part) => (body += part));
  request.on("end", () => {
    received.push({ body, headers: request.headers });
    response.writeHead(204).end();
  });
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`;
const endpoint = await client.webhooks.createEndpoint({ url, types: ["account.*"] });
const tried = await client.webhooks.testEndpoint(endpoint.data.id);
assert.ok(tried.data.succeeded, JSON.stringify(tried.data));
const [{ body, headers }] = received as [(typeof received)[number]];
const secret = endpoint.data.secret!;
const event = await verifyWebhook<{ type: string }>(["whsec_b3RoZXI=", secret], body, headers);
assert.equal(event.type, "webhook.test");
await assert.rejects(verifyWebhook(secret, `${body} `, headers), WebhookRejected);
const late = { now: Date.now() + 301_000 };
await assert.rejects(verifyWebhook(secret, body, headers, late), WebhookRejected);
server.close();

const before = (await client.events.list({ after: "latest" })).data.next_after;
await client.accounts.update(made.data.id, { name: "Traders" }, { ifMatch: changed.etag });
for await (const each of client.events.follow({ after: before, types: "account.updated", wait: 10 })) {
  assert.equal((each.data as { id: string }).id, made.data.id);
  break;
}
console.log("done");
