"""What Guildbook promises, said as tests: the folders mirror the product, and judges and faults stand beside them."""
