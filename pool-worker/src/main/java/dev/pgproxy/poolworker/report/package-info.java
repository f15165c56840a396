/**
 * What a worker holds and has done, as rows for the pg_proxy database. Nothing here changes a session or a backend.
 */
@NullMarked
package dev.pgproxy.poolworker.report;

import org.jspecify.annotations.NullMarked;
