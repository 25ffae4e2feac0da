"""What clerks do with the marts: records of their own, inquiries, slips, refunds, closings."""
