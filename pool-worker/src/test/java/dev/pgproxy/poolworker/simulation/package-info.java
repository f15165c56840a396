/** The worker's real sessions and pool between simulated clients and a simulated server, one seeded step after the other. */
@NullMarked
package dev.pgproxy.poolworker.simulation;

import org.jspecify.annotations.NullMarked;
