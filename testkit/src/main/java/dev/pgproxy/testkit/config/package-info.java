/** Configurations for tests. */
@NullMarked
package dev.pgproxy.testkit.config;

import org.jspecify.annotations.NullMarked;
