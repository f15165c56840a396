package dev.pgproxy.common.config;

import java.util.List;
import java.util.stream.Collectors;

/** A configuration that cannot be used, with every problem in it. */
public final class ConfigException extends Exception {

    private final transient List<ConfigProblem> problems;

    ConfigException(List<ConfigProblem> problems) {
        super(problems.stream().map(ConfigProblem::toString).collect(Collectors.joining("\n")));
        this.problems = List.copyOf(problems);
    }

    /** All problems, in the order of their lines. */
    public List<ConfigProblem> problems() {
        return problems;
    }
}
