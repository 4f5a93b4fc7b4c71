package io.millrace.pipeline.file;

/** As which kind of event the documents of a pipeline can be read from their topic. */
public enum Events {

    /** None that others know: with Millrace's own headers alone. */
    NONE,

    /** CloudEvents in Kafka's binary mode. */
    CLOUDEVENTS
}
