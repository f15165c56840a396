/** What the build runs once to learn which classes pgproxy loads. */
@NullMarked
package dev.pgproxy.testkit.rehearsal;

import org.jspecify.annotations.NullMarked;
