-- Where a reader that is fed from Kafka goes on in each partition: moved in the transaction that moves its checkpoint.

CREATE TABLE operations.kafka_offsets (
    reader      text COLLATE "C" NOT NULL,
    topic       text COLLATE "C" NOT NULL,
    partition   integer          NOT NULL,
    next_offset bigint           NOT NULL,  -- of the first record that is not taken in
    CONSTRAINT kafka_offsets_reader_topic_partition PRIMARY KEY (reader, topic, partition)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON operations.kafka_offsets TO guildbook_service;
