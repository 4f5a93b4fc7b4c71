package io.millrace.capture.send;

import io.millrace.capture.source.Server;

/**
 * A process that writes the topics of a source, as it says so itself in Kafka.
 *
 * @param instance no other process ever has it
 * @param host name of its machine
 * @param process its number there
 * @param since when it began, in ISO 8601
 * @param server whose changes it writes
 * @param sign rises with each sign of life
 */
record Holder(String instance, String host, long process, String since, Server server, long sign) {

    Holder next() {
        return new Holder(instance, host, process, since, server, sign + 1);
    }

    Holder at(Server now) {
        return new Holder(instance, host, process, since, now, sign);
    }

    /** For a person. */
    @Override
    public String toString() {
        return "the process " + process + " at " + host + ", which has captured " + server + " since " + since;
    }
}
