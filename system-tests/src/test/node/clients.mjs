// What programs do with node's two PostgreSQL drivers and their pools. Prints one line for each result that does not depend on
// chance, so that two runs can be compared: one against a server, one through pgproxy.
//
//   node clients.mjs HOST PORT USER PASSWORD DATABASE
import pg from 'pg';
import postgres from 'postgres';

const [host, port, user, password, database] = process.argv.slice(2);
const connection = { host, port: Number(port), user, password, database };
const POOL = 10;
const QUERIES = 300;

function say(what, value) {
  console.log(what + ': ' + JSON.stringify(value));
}

async function failure(promise) {
  try {
    await promise;
    return 'no error';
  } catch (error) {
    return [error.code, error.severity, error.message];
  }
}

async function withPg() {
  const pool = new pg.Pool({ ...connection, max: POOL });
  const rows = await Promise.all(
    Array.from({ length: QUERIES }, (_, i) =>
      pool.query({ name: 'square', text: 'select $1::int * $1::int as square', values: [i] })),
  );
  say('pg sum', rows.reduce((sum, result) => sum + result.rows[0].square, 0));
  say('pg types', (await pool.query(`select null as n, true as b, 1.5::float8 as f, 'ä€😀' as t, array[1,2] as a,
    '{"k":[1]}'::jsonb as j, '2026-01-02'::date::text as d, '\\xdeadbeef'::bytea as y`)).rows[0]);
  say('pg error', await failure(pool.query('select * from nowhere')));
  say('pg big', (await pool.query("select repeat('x', 1000000) as x")).rows[0].x.length);

  const client = await pool.connect();
  await client.query('create temporary table kept (i int)');
  await client.query('begin');
  await client.query('insert into kept select generate_series(1, 100)');
  await client.query('savepoint s');
  say('pg division', await failure(client.query('select 1/0')));
  await client.query('rollback to s');
  await client.query('commit');
  say('pg kept', (await client.query('select count(*)::int as c from kept')).rows[0].c);
  const heard = new Promise((resolve) => client.once('notification', (m) => resolve([m.channel, m.payload])));
  await client.query('listen news');
  await pool.query("notify news, 'hello'");
  say('pg notified', await heard);
  client.release(true);
  await pool.end();

  for (let i = 0; i < 20; i++) {
    const single = new pg.Client({ ...connection, application_name: 'run' + i });
    await single.connect();
    const row = (await single.query("select current_setting('application_name') as name, to_regclass('kept') as kept")).rows[0];
    if (row.name !== 'run' + i || row.kept !== null) say('pg leak', row);
    await single.end();
  }
  say('pg wrong password', await failure(new pg.Client({ ...connection, password: 'wrong' }).connect()));
}

async function withPostgres() {
  const sql = postgres({ ...connection, max: POOL, onnotice: () => {} });
  const squares = await Promise.all(Array.from({ length: QUERIES }, (_, i) => sql`select ${i}::int * ${i}::int as square`));
  say('postgres sum', squares.reduce((sum, result) => sum + result[0].square, 0));
  say('postgres error', await failure(sql`select * from nowhere`));
  say('postgres transaction', await sql.begin(async (tx) => {
    await tx`create temporary table kept (i int) on commit drop`;
    await tx`insert into kept select generate_series(1, 50)`;
    return (await tx`select count(*)::int as c from kept`)[0].c;
  }));
  const cursor = [];
  await sql`select g from generate_series(1, 1000) g`.cursor(100, (part) => { cursor.push(part.length); });
  say('postgres cursor', cursor);
  const copied = [];
  for await (const chunk of await sql`copy (select generate_series(1, 5)) to stdout`.readable()) copied.push(chunk.toString());
  say('postgres copy', copied.join(''));
  const slow = sql`select pg_sleep(60)`;
  const cancelled = failure(slow);
  const running = () => sql`select 1 from pg_stat_activity where query = 'select pg_sleep(60)' and state = 'active'`;
  while ((await running()).length === 0) {
    // The cancel is for a query that runs.
  }
  slow.cancel();
  say('postgres cancelled', await cancelled);
  const heard = new Promise((resolve) => { sql.listen('more', resolve, () => sql.notify('more', 'news')); });
  say('postgres notified', await heard);
  await sql.end();
  const wrong = postgres({ ...connection, password: 'wrong', max: 1 });
  say('postgres wrong password', await failure(wrong`select 1`));
  await wrong.end();
}

await withPg();
await withPostgres();
