package io.millrace.provisioner;

import java.util.List;

/** Something could not be made. Each problem says what was attempted, why it failed and what to do. */
public final class ProvisioningException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient List<String> problems;

    public ProvisioningException(List<String> problems, Throwable cause) {
        super(String.join("\n", problems), cause);
        this.problems = List.copyOf(problems);
    }

    public ProvisioningException(String problem, Throwable cause) {
        this(List.of(problem), cause);
    }

    public List<String> problems() {
        return problems;
    }
}
