// Asks ClickHouse what is asked in DIR/cases.json and writes DIR/answers.json.
//
//   node oracle.mjs DIR
//
// cases.json has questions (a rule, and where its calendar is read) and logs
// (signals, and which questions are asked about them at which instants). The
// answers have the shape of the asks: a list for each log, of lists for each of
// its asks, of the answers at its instants.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Session } from "chdb";
import { sqlOf } from "./sql.mjs";

const [dir] = process.argv.slice(2);
if (!dir) {
  console.error("usage: node oracle.mjs DIR");
  process.exit(2);
}

const { questions, logs } = JSON.parse(readFileSync(join(dir, "cases.json"), "utf8"));
const session = new Session();
load(logs);
const answers = new Map();
for (const [id, question] of questions.entries()) {
  for (const [ask, answer] of rows(sqlOf({ id, ...question }))) answers.set(ask, answer);
}
session.close();
writeFileSync(join(dir, "answers.json"), inShape(logs));

// Instants are numbered from 0 through all asks of all logs; the number is the
// ask of the tables.
function load(logs) {
  session.query(`CREATE TABLE signals
    (log UInt32, n UInt32, t Int64, event String, device String, p Nullable(String), v Nullable(Float64)) ENGINE = Memory`);
  session.query("CREATE TABLE asks (question UInt32, log UInt32, ask UInt32, at Int64) ENGINE = Memory");
  let number = 0;
  insert("signals", logs.flatMap(({ base, signals }, log) =>
    signals.map(([t, event, device, p = null, v = null], i) => [log, i + 1, base + t, event, device, p, v])));
  insert("asks", logs.flatMap(({ base, asks }, log) =>
    asks.flatMap(([question, instants]) => instants.map((at) => [question, log, number++, base + at]))));
}

function insert(table, rows) {
  for (let i = 0; i < rows.length; i += 10_000) {
    const lines = rows.slice(i, i + 10_000).map((row) => JSON.stringify(row));
    session.query(`INSERT INTO ${table} FORMAT JSONCompactEachRow ${lines.join("\n")}`);
  }
}

function rows(sql) {
  const settings = "SETTINGS output_format_json_quote_64bit_integers = 0";
  try {
    const out = session.query(`${sql} ${settings}`, "JSONCompactEachRow");
    return out.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  } catch (err) {
    throw new Error(`${err.message}\n${sql}`);
  }
}

// A log's answers are one line of the file.
function inShape(logs) {
  let number = 0;
  const take = () => {
    const ask = number++;
    if (!answers.has(ask)) throw new Error(`ask ${ask} has no answer`);
    return answers.get(ask);
  };
  const lines = logs.map(({ asks }) => JSON.stringify(asks.map(([, instants]) => instants.map(take))));
  return `[\n${lines.join(",\n")}\n]\n`;
}
