// Checks objects of operators against the operators' own types: JSON lines in, faults out. They are
// CloudNativePG's, with the ObjectStore of its backup plugin, whose configuration is of one of those
// types, and Prometheus's. A name that no type of the operator declares is a fault: the types alone
// would take it, and the server drop it.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { BarmanObjectStoreConfiguration } from "@kubernetes-models/cloudnative-pg/github.com/cloudnative-pg/barman-cloud/pkg/api";
import { Cluster, ScheduledBackup } from "@kubernetes-models/cloudnative-pg/postgresql.cnpg.io/v1";
import { PodMonitor, Probe, PrometheusRule } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1";

const KINDS = { Cluster, ScheduledBackup, PodMonitor, Probe, PrometheusRule };
// Their keys are the operator's user's, or Kubernetes's.
const FREE = new Set(["parameters", "metadata", "labels", "annotations", "matchLabels", "resources", "labelSelector"]);
// Fields of Kubernetes and of the plugin, which stand in none of these types.
const KUBERNETES = ["apiVersion", "kind", "key", "name", "operator", "values", "matchExpressions", "topologyKey", "maxSkew", "whenUnsatisfiable", "labelSelector", "configuration"];
const PACKAGES = {
  "cnpg.io": "@kubernetes-models/cloudnative-pg/postgresql.cnpg.io",
  "monitoring.coreos.com": "@kubernetes-models/prometheus-operator/monitoring.coreos.com",
};

function declared(module) {
  const root = dirname(dirname(fileURLToPath(import.meta.resolve(module))));
  const names = new Set(KUBERNETES);
  for (const file of readdirSync(root, { recursive: true })) {
    if (!file.endsWith(".d.ts") || file.startsWith("node_modules")) continue;
    for (const [, name] of readFileSync(join(root, file), "utf8").matchAll(/^\s+"(\w+)"\??:/gm)) names.add(name);
  }
  return names;
}

function* unknown(value, names, path) {
  if (Array.isArray(value)) for (const one of value) yield* unknown(one, names, path);
  else if (value && typeof value === "object")
    for (const [key, inner] of Object.entries(value)) {
      if (!names.has(key)) yield `${path}/${key} is no field that the operator knows`;
      if (!FREE.has(key)) yield* unknown(inner, names, `${path}/${key}`);
    }
}

function* faults(given, names) {
  try {
    if (given.kind === "ObjectStore") new BarmanObjectStoreConfiguration(given.spec.configuration).validate();
    else new KINDS[given.kind](given).validate();
  } catch (error) {
    yield error.message;
  }
  yield* unknown(given, names, "");
}

const known = Object.entries(PACKAGES).map(([group, module]) => [group, declared(module)]);
for await (const line of createInterface({ input: process.stdin })) {
  const given = JSON.parse(line);
  const [, names] = known.find(([group]) => given.apiVersion.split("/")[0].endsWith(group));
  for (const fault of faults(given, names)) console.log(`${given.kind} ${given.metadata.name}: ${fault}`);
}
