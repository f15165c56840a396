-- One query a line, each of which PostgreSQL 15 and pg_proxy have to answer alike. Columns of one query have different names.
select 1 - -1, 2*3, 7/2, 7%3, -5, +3
select 1.5 + 2.25, .5, 3., 1e3, 1.5e-2
select 'a' || 'b' || 'it''s', 'x' = 'x', 'a' <> 'b', 'a' != 'b'
select 3 between 1 and 5, 4 in (1,2,3), 4 not in (1,2,3), null is null, 1 is not null
select 1 is distinct from 2, null is not distinct from null
select case when 1 > 2 then 'a' else 'b' end, case 3 when 3 then 'x' end
select coalesce(null, 2), nullif(1,1), greatest(1,5,3), least(2,1)
select count(*), sum(x), min(x), max(x) from (values (1),(2),(3)) as t(x)
select x, count(*) from (values ('a'),('b'),('a')) as t(x) group by x order by x
select x, count(*) c from (values ('a'),('b'),('a')) as t(x) group by 1 having count(*) > 1
select a.x, b.y from (values (1),(2)) a(x) join (values (2,'two'),(3,'three')) b(x,y) on a.x = b.x
select a.x, b.y from (values (1),(2)) a(x) left join (values (2,'two')) b(x,y) using (x) order by 1
select upper('abC'), lower('ABc'), length('hello'), substring('hello' from 2 for 3), substr('hello', 2), position('l' in 'hello')
select trim('  x '), ltrim('  x'), replace('aXa','X','-'), left('hello',2), right('hello',2), concat('a',1,'b')
select round(2.567, 1), floor(2.7), ceil(2.1), abs(-3), mod(7,3), sign(-2), power(2,3), sqrt(16)
select date '2020-01-02', timestamp '2020-01-02 03:04:05', date '2020-01-02' < date '2020-01-03'
select 'abc' like 'a%', 'abc' ilike 'A%', 'abc' not like '%z', 'a_c' like 'a!_c' escape '!'
select x from (values (3),(1),(2)) t(x) order by x desc limit 2 offset 1
select distinct x from (values (1),(1),(2)) t(x) order by 1
select x, row_number() over (order by x), sum(x) over (order by x) from (values (1),(2),(3)) t(x)
with a as (select 1 as x), b as (select x + 1 as y from a) select a.x, b.y from a, b
select * from (select 1 as a union all select 2 union select 2) t order by 1
select exists (select 1 from (values (1)) t(x) where x = 1), (select max(x) from (values (1),(9)) t(x))
select true and not false, 1 < 2 or 2 < 1, (1 + 2) * 3
select "t"."x" as "Mixed Case", t.x y from (values (1)) as t(x)
select string_agg(x, ',' order by x) from (values ('b'),('a')) t(x)
select count(*) filter (where x > 1), bool_and(x > 0), bool_or(x > 2) from (values (1),(2)) t(x)
select null::int, null::text, ''::text
select x::float8 from (values (0.1),(1e20),(123456789)) t(x)
select $$dollar 'quoted'$$, 'semi;colon'
select /* inline /* nested */ */ 7
select t.* from (values (1,'a')) t(n,s)
select x from (values (1),(null),(2)) t(x) order by x
select 5 > all (select 1), 5 = any (select 5)
select 1 as "a""b"
select to_char(1234.5, '9999.9')
select avg(x)::float8 from (values (1),(2)) t(x)
