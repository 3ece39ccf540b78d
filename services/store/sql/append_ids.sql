SELECT nextval ('item_id')
