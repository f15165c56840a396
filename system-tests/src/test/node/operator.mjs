// What an operator's program does with pg_proxy through node's two drivers. Prints one line for each result.
//
//   node operator.mjs HOST PORT PASSWORD
import pg from 'pg';
import postgres from 'postgres';

const [host, port, password] = process.argv.slice(2);
const connection = { host, port: Number(port), user: 'noder', password, database: 'pg_proxy' };

function say(what, value) {
  console.log(what + ': ' + JSON.stringify(value));
}

async function failure(promise) {
  try {
    await promise;
    return 'no error';
  } catch (error) {
    return [error.code, error.position];
  }
}

const client = new pg.Client(connection);
await client.connect();
const typed = (await client.query(
  'select pid, id, idle, cast(null as int) as n, now() as t, 1.5::float8 as f from startupmsg where msg like $1 limit 1', ['%watched%'],
)).rows[0];
say('pg types', [typeof typed.pid, typeof typed.id, typed.idle, typed.n, typed.t instanceof Date, typed.f]);
say('pg age', Math.abs(Date.now() - typed.t.getTime()) < 60000);
for (let i = 0; i < 3; i++) {
  const named = await client.query({ name: 'count', text: 'select count(*)::int as c from config where "key" = $1', values: ['listen'] });
  say('pg prepared', named.rows[0].c);
}
say('pg error', await failure(client.query('select nothing from pool')));
say('pg prepared error', await failure(client.query('select nothing from pool where server = $1', ['x'])));
say('pg several', (await client.query('select 1 as a; select 2 as b')).map((result) => result.rows[0]));
say('pg empty', (await client.query('')).rows.length);
say('pg big', (await client.query('select a."key" from config a, config b')).rows.length > 1000);
say('pg ended', (await client.query("delete from connection where application_name = $1", ['watched'])).rowCount);
await client.end();

const sql = postgres({ ...connection, max: 2, onnotice: () => {} });
say('postgres join', (await sql`select p.kind from connection c join process p on p.pid = c.pid where c.application_name = ${'other'}`)[0].kind);
say('postgres count', Number((await sql`select count(*) from config`)[0].count) > 30);
say('postgres error', await failure(sql`select * from nowhere`));
await sql.end();
say('wrong password', await failure(new pg.Client({ ...connection, password: 'wrong' }).connect()));
