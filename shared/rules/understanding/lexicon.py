"""Which phrases speak for which intent, and how strongly.

A weight says how sure a phrase alone makes us, and how it stands against the other wants of the same message:
    14-15  what is asked for in so many words (我要退款, 换货要多久), and narrow matters in the words of wider ones: an
           invoice, an address, a price difference, paying
    10-13  what the buyer wants done or asks about: money back, goods back, another one, the parcel, shipping
     9-11  questions about goods; and what is wrong with them. That is a reason, so it stands below every want:
           质量太差要退款 is a refund
      7-9  a want in words that it shares with others
      2-6  hints, which yield to what the session is about
退货退款 goes back, so it is a return; a refund outweighs it where the money is asked for. A want that is called off
(不退了) is OTHER, and keeps its words from counting. A threat to cancel (再不发就退款) stays with what is asked for.
"""

from functools import cache

from shared.domain.chat import Intent
from shared.rules.understanding import topics, wants
from shared.rules.understanding.matching import Matcher

VERSION = "2026-11-30"

CLASSES = {
    "bit": "一下 下 个 个这 一个 了 掉 我的 我 给我 一次 点 的 这个 那个 下这 一下这个 一点 一张 张",
    "when": (
        "什么时候 什么时间 多久 几天 几号 哪天 多长时间 几点 多少天 哪一天 几日 什么日期 几月 周几 多少小时 几个小时"
    ),
    "how": "怎么 怎么样 可以 能 能不能 想 要 给我 帮我 我要 申请",
    "size": (
        "s码 m码 l码 xl码 xxl码 xl xxl xxxl 2xl 3xl 4xl 大一码 小一码 大码 小码 大号 小号 中号 均码 加大码 加大 "
        "大一号 小一号"
    ),
    "colour": (
        "黑色 白色 红色 蓝色 绿色 黄色 灰色 粉色 紫色 棕色 咖色 米色 杏色 卡其 橙色 银色 金色 藏青 军绿 酒红 深色 "
        "浅色 黑的 白的 红的 蓝的 绿的 灰的 粉的 米白 原色 透明"
    ),
    "courier": (
        "顺丰 圆通 中通 申通 韵达 百世 极兔 邮政 德邦 京东快递 京东物流 天天快递 宅急送 安能 跨越 丹鸟 菜鸟 百世汇通"
    ),
    "inhand": (
        "不合适 不合身 不喜欢 不满意 不好看 不好用 不舒服 大了 小了 长了 短了 宽了 窄了 太大 太小 太长 太短 太紧 "
        "紧了 肥 显胖 吊牌 标签 拆了 拆封 拆开 开封 没拆 拆过 试了 试过 试穿 穿过 穿了 洗过 洗了 用过 用了 收到了 "
        "已收到 到货 货到 货已 包装 盒子 激活 安装了 装了 磨脚 顶脚 挤脚 色差 不一样 不符 发错 坏了 坏的 破了 质量 "
        "全新 剪了 打开了 没穿 没用 衣服 裤子 鞋子 鞋 裙子 外套 内衣 床垫 手机 电视 冰箱 洗衣机 化妆品 食品 赠品 "
        "买大 买小 不是正品 假货 瑕疵 破损 不好 超过#天"
    ),
    "purse": "微信 支付宝 花呗 银行卡 信用卡 零钱 余额 账户 原账户 白条 卡里 卡上 储蓄卡",
    "notsent": (
        "还没发货 没发货 还没发 没发 还没发出 没发出 还没寄 没寄 还没出库 没出库 还没发走 还没给我发货 货没发 没有发货"
    ),
    "coupon": (
        "优惠券 券 红包 满减 津贴 折扣 优惠 积分 店铺券 消费券 会员价 首单 打折 立减 减免 抵扣 88vip 白条 花呗 礼金 "
        "代金券 神券 补贴 购物金"
    ),
    "day": (
        "今天 明天 后天 今晚 明早 今日 明日 下周 周末 这周 本周 周一 周二 周三 周四 周五 周六 周日 星期一 星期五 "
        "星期六 下午 上午 晚上 月底 节前 年前 中秋 春节 过年 生日 国庆 这两天 明后天 #号 #点 #天"
    ),
    "place": (
        "新疆 西藏 内蒙 海南 青海 宁夏 甘肃 乌鲁木齐 偏远 乡镇 农村 村里 乡村 县城 镇上 乡下 港澳 香港 台湾 澳门 "
        "国外 海外 东北 北京 上海 广州 深圳 杭州 成都 重庆 武汉 西安 江苏 浙江 广东 四川 山东 河南 河北 湖南 湖北 "
        "福建 安徽 江西 云南 贵州 广西 黑龙江 吉林 辽宁 山西 陕西 天津 我们这 我这里 我这边"
    ),
    "goods": (
        "衣服 裤子 鞋子 鞋 裙子 外套 内衣 床垫 手机 电视 电视机 冰箱 洗衣机 空调 化妆品 食品 杯子 锅 包包 耳机 电脑 "
        "平板 手表 沙发 桌子 椅子 柜子 口红 面霜 面膜 玩具 书包 书 毛衣 羽绒服 帽子 袜子 被子 枕头 窗帘 大衣 T恤 "
        "卫衣 衬衫 牛仔裤 靴子 凉鞋 拖鞋 眼镜"
    ),
    "wantgoods": "坏了 破了 碎了 烂了 质量 假货 瑕疵 破损 少发 漏发 发错 不好用 不能用 过期 发霉 变质 没收到 丢了 丢件",
    "notcome": "还没到 没到 还没收到 没收到 还没送到 没送到 不到",
    "who": (
        "夏天 冬天 春天 秋天 孕妇 宝宝 小孩 老人 婴儿 儿童 学生 男生 女生 男的 女的 孩子 学生党 敏感肌 油皮 干皮 "
        "混油 过敏体质 病人 糖尿病 高血压 哺乳期 新生儿"
    ),
    "fruit": (
        "水果 苹果 橙子 橘子 芒果 樱桃 车厘子 葡萄 榴莲 西瓜 瓜 梨 桃子 桃 草莓 香蕉 蓝莓 柠檬 牛奶 鸡蛋 蛋 肉 虾 "
        "鱼 海鲜 螃蟹 牛肉 牛排 坚果 零食 饼干 面包 蛋糕 月饼 茶叶 酒 米 油 奶粉 猫粮 狗粮 花 绿植 蔬菜 土豆 红薯 "
        "玉米 酸奶 火腿 香肠"
    ),
    "gift": "赠品 配件 说明书 礼品 小样 送的袜子 螺丝 充电器 充电线 遥控器 赠送的 送的东西 礼物 袜子",
    "part": (
        "屏幕 屏 触屏 按键 按钮 开关 插头 插座 接口 充电口 充电器 充电头 充电线 数据线 电池 电量 电源 喇叭 听筒 "
        "麦克风 耳机 音响 摄像头 镜头 镜片 镜子 遥控器 键盘 鼠标 主板 风扇 电机 马达 压缩机 灯 灯泡 灯管 指示灯 "
        "机器 手机 电脑 平板 手表 电视 电视机 冰箱 洗衣机 空调 热水器 水壶 电饭煲 电饭锅 锅 锅盖 炒锅 微波炉 烤箱 "
        "豆浆机 榨汁机 破壁机 吹风机 剃须刀 牙刷 扫地机 吸尘器 净化器 加湿器 取暖器 电热毯 油烟机 燃气灶 打印机 "
        "路由器 音箱 相机 充电宝 蓝牙 系统 软件 wifi 信号 声音 衣服 裤子 裙子 外套 羽绒服 毛衣 袜子 内裤 鞋 鞋子 "
        "鞋底 鞋面 鞋带 鞋垫 帽子 包包 拉链 扣子 纽扣 袖子 领子 衣领 口袋 面料 布料 毛领 裤腿 裆部 裤裆 腰 肩带 "
        "缝线 缝纫线 针脚 标签 被子 床单 枕头 枕芯 毛巾 毛毯 床垫 床 床头 床板 沙发 桌子 桌腿 桌面 椅子 凳子 柜子 "
        "柜门 抽屉 门 把手 轮子 螺丝 螺丝孔 孔位 板子 木板 架子 支架 窗帘 地毯 家具 杯子 杯盖 碗 碗边 盘子 碟子 刀 "
        "壶 瓶子 瓶盖 瓶口 盖子 罐子 泵头 喷头 喷嘴 水龙头 花洒 马桶 管子 密封圈 密封袋 密封 袋子 箱子 盒子 包装 "
        "外壳 壳子 壳 底部 边上 边角 口红 粉饼 面霜 面膜 眼影 粉底 香水 洗发水 脸 皮肤 字 图案 印花 玻璃 手柄 提手 "
        "绳子 带子 净水器 冰柜 消毒柜 洗碗机 电风扇 电扇 暖风机 挂烫机 熨斗 投影仪 显示器 显示屏 主机 硬盘 u盘 "
        "内存卡 显卡 笔记本 手环 电动车 自行车 头盔 记录仪 行李箱 拉杆箱 书架 置物架 晾衣架 衣架 衣柜 鞋柜 餐桌 "
        "茶几 台灯 吊灯 门锁 锁 水槽 地漏 瓷砖 壁纸 童车 婴儿车 奶瓶 尿不湿 纸尿裤 保温杯 水杯 饭盒 砧板 菜板 铲子 "
        "勺子 筷子 睡衣 卫衣 衬衫 牛仔裤 打底裤 背带 围巾 手套 皮带 钱包 背包 书包 靴子 凉鞋 拖鞋 眼镜 雨伞 帐篷 "
        "鱼竿 跑步机 瑜伽垫 钢琴 吉他 书角 封面 印刷 画面 图像 颜色 温度 水温 火 水 热水 表带 链子 项链 戒指 手镯 "
        "耳环 玩具 车子 轮胎 刹车 座椅 伞 书 书页 纸箱"
    ),
    "bad": (
        "不亮 不转 不响 不热 不制 不出 不进 不通 不工作 不显示 不识别 不灵 不好使 不动 不稳 不平 不严 不紧 不准 "
        "不牢 不对称 不合 没反应 没声 没电 没信号 没水 没了 坏 裂 断 掉 碎 破 烂 漏 歪 松 散 开裂 开胶 开线 开口 翘 "
        "鼓 瘪 凹 凸 弯 变形 变色 卡 闪 抖 晃 响 烫 冒 糊 焦 粘 发黄 发黑 发霉 生锈 锈 褪 缩 起球 起毛 起皮 脱 磨 "
        "刮 划 脏 污 斑 黑点 划痕 裂纹 缝隙 缺 少一 少了 臭 酸 馊 苦 怪 霉 虫 毛边 线头 反了 装反 印错 自己关 "
        "自己重启 自己跳 自动 一闪 重启 死机 失灵 掉电 疼 痒 红 肿 磕 豁口 竖线 有条线 模糊 看不清 不清 有洞 破洞 "
        "不齐 对不上 错位 打不开 关不 拉不 装不 按不 用不 不能用 不行 没用 太薄 太紧 太松 太硬 开了 洒 撒 渗 湿 化 "
        "流出 空的 进灰 有灰 毛躁 扎 硌 异响 不凉 不冷 不制冷 没劲 无力"
    ),
    "ack": (
        "好的 好 嗯 哦 噢 嗯嗯 哦哦 行 可以 是的 对 对的 是 不是 没 知道了 明白 明白了 了解 收到 好吧 行吧 那好 "
        "好滴 好嘞 ok 恩 恩恩 额 呃 啊 哈哈 嘿嘿 呵呵 算了 不用了 没了 不用 不了 随便 都行 都可以 真的吗 是吗 稍等 "
        "等一下 等下 等等 等会 我看看 看看 考虑一下 再看看 说话 什么 没看懂 "
        "不懂 不知道 不清楚 你说 请讲 说吧 对不起 抱歉 没关系 1 2 在的 是我 是本人 是我本人 我知道 好的好的 好好 "
        "这样啊 原来如此 那算了 不需要 可以的 行的 没错 是吧 不行 不可以 不要 不好 那行 "
        "还行 一般 有 有的 没有 收到了 看到了 明白啦"
    ),
    "wait": "快点 赶紧 赶快 抓紧 马上 尽快 立刻 快 麻烦 请 及时 怎么还不 还没",
}
"""Words that stand for each other in phrases."""

TABLES: dict[str, str] = {
    Intent.REFUND: wants.REFUND,
    Intent.RETURN: wants.RETURN,
    Intent.EXCHANGE: wants.EXCHANGE,
    Intent.URGE_SHIPPING: wants.URGE_SHIPPING,
    Intent.CHANGE_ADDRESS: wants.CHANGE_ADDRESS,
    Intent.INVOICE: wants.INVOICE,
    Intent.PRICE_DIFFERENCE: wants.PRICE_DIFFERENCE,
    Intent.PAYMENT: wants.PAYMENT,
    Intent.LOGISTICS: topics.LOGISTICS,
    Intent.QUALITY: topics.QUALITY,
    Intent.PRODUCT_QUESTION: topics.PRODUCT_QUESTION,
    Intent.GREETING: topics.GREETING,
    Intent.OTHER: topics.OTHER,
    "void": topics.VOID,
}


@cache
def intents() -> Matcher:
    """Give the phrases of the intents, read once per process."""
    return Matcher(TABLES, CLASSES)
